-- A person's open bills, and who guessed wrongly: a keyed hash of the personal number that was tried.

CREATE INDEX invoice_open_by_party ON invoice (party_ref, due_date) WHERE state IN ('issued', 'partially_paid');

CREATE TABLE finding_miss (
    who bytea       NOT NULL,
    at  timestamptz NOT NULL,
    CONSTRAINT finding_miss_who_length CHECK (octet_length(who) = 32)
);
CREATE INDEX finding_miss_by_who ON finding_miss (who, at);
