-- Invoices that a second person approves before they are issued.

CREATE TABLE invoice_draft (
    draft_id            uuid        NOT NULL,
    agency_id           text        NOT NULL,
    service_code        text        NOT NULL,
    reference           text        NOT NULL,
    total_fils          bigint      NOT NULL,
    -- The request, sealed with a key of its own; both are destroyed when the draft ends.
    request_sealed      bytea       NOT NULL,
    wrapped_key         bytea       NOT NULL,
    -- Keyed: finds the drafts of a person who is to be erased.
    cpr_index           bytea       NOT NULL,
    first_on            date        NOT NULL,
    every_months        int         NOT NULL,
    until               date,
    issue_on            date        NOT NULL,
    issued_count        int         NOT NULL,
    last_invoice_number text        NOT NULL,
    state               text        NOT NULL,
    created_by          text        NOT NULL,
    approved_by         text        NOT NULL,
    failure             text        NOT NULL,
    version             bigint      NOT NULL,
    created_at          timestamptz NOT NULL,
    CONSTRAINT invoice_draft_pkey PRIMARY KEY (draft_id),
    CONSTRAINT invoice_draft_state_known CHECK (state IN ('draft', 'approved', 'issued', 'discarded', 'failed')),
    CONSTRAINT invoice_draft_four_eyes CHECK (approved_by <> created_by),
    CONSTRAINT invoice_draft_approved_by_somebody CHECK (state NOT IN ('approved', 'issued', 'failed') OR approved_by <> ''),
    CONSTRAINT invoice_draft_repeats_until CHECK (every_months BETWEEN 0 AND 12 AND (every_months > 0) = (until IS NOT NULL)),
    CONSTRAINT invoice_draft_open_is_sealed CHECK ((state IN ('draft', 'approved')) = (wrapped_key <> '')),
    CONSTRAINT invoice_draft_failed_says_why CHECK ((state = 'failed') = (failure <> '')),
    CONSTRAINT invoice_draft_counts CHECK (issued_count >= 0 AND version >= 1)
);
CREATE INDEX invoice_draft_by_agency ON invoice_draft (agency_id, created_at);
CREATE INDEX invoice_draft_due ON invoice_draft (issue_on) WHERE state = 'approved';
CREATE INDEX invoice_draft_by_person ON invoice_draft (cpr_index) WHERE state IN ('draft', 'approved');
