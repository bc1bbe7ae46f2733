-- An invoice is changed or taken back in two steps, because the money's owner decides: it is asked under the amendment's id, and what
-- it answers is noted. What was replaced stays.
CREATE TABLE amendment (
    amendment_id       uuid        NOT NULL,
    agency_id          text        NOT NULL,
    invoice_id         uuid        NOT NULL,
    kind               text        NOT NULL,
    -- Of the call that asked for it: the same call again takes it up.
    claimed_by         bytea       NOT NULL,
    reason             text        NOT NULL,
    requested_by       text        NOT NULL,
    -- What of the receivable it changes.
    receivable_version bigint      NOT NULL,
    fee_fils           bigint,
    vat_fils           bigint,
    total_fils         bigint,
    reduction          text,
    reduced_fils       bigint,
    steps              jsonb,
    schedule_version   int,
    due_date           date,
    state              text        NOT NULL,
    asked_at           timestamptz NOT NULL,
    CONSTRAINT amendment_pkey PRIMARY KEY (amendment_id),
    CONSTRAINT amendment_of_invoice FOREIGN KEY (invoice_id) REFERENCES invoice,
    CONSTRAINT amendment_state_known CHECK (state IN ('asked', 'done', 'refused')),
    CONSTRAINT amendment_kind_fits CHECK (
        (kind = 'cancel' AND num_nonnulls(fee_fils, vat_fils, total_fils, reduction, reduced_fils, steps, schedule_version,
                                          due_date) = 0)
        OR (kind = 'amend' AND num_nulls(fee_fils, vat_fils, total_fils, reduction, reduced_fils, steps, schedule_version,
                                         due_date) = 0
            AND total_fils = fee_fils + vat_fils AND total_fils > 0)
    )
);
CREATE UNIQUE INDEX amendment_one_at_a_time ON amendment (invoice_id) WHERE state = 'asked';
CREATE INDEX amendment_by_claim ON amendment (claimed_by, asked_at);
CREATE INDEX amendment_waits ON amendment (asked_at) WHERE state = 'asked';

-- What an invoice said before it was amended.
CREATE TABLE invoice_version (
    invoice_id       uuid        NOT NULL,
    version          bigint      NOT NULL,
    fee_fils         bigint      NOT NULL,
    vat_fils         bigint      NOT NULL,
    total_fils       bigint      NOT NULL,
    reduction        text        NOT NULL,
    reduced_fils     bigint      NOT NULL,
    steps            jsonb       NOT NULL,
    schedule_version int         NOT NULL,
    due_date         date        NOT NULL,
    reason           text        NOT NULL,
    replaced_by      text        NOT NULL,
    replaced_at      timestamptz NOT NULL,
    CONSTRAINT invoice_version_pkey PRIMARY KEY (invoice_id, version),
    CONSTRAINT invoice_version_of_invoice FOREIGN KEY (invoice_id) REFERENCES invoice
);

ALTER TABLE invoice
    DROP CONSTRAINT invoice_state_fits_paid,
    ADD CONSTRAINT invoice_state_fits_paid CHECK (
        CASE state
            WHEN 'issued' THEN paid_fils = 0
            WHEN 'partially_paid' THEN paid_fils > 0 AND paid_fils < total_fils
            WHEN 'paid' THEN paid_fils = total_fils
            WHEN 'cancelled' THEN paid_fils = 0
            WHEN 'written_off' THEN paid_fils >= 0 AND paid_fils < total_fils
            ELSE false
        END
    );
