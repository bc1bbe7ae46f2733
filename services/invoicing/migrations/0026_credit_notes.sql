-- What an amendment or a cancellation takes off an invoice, in a series of its own.

ALTER TABLE numbering
    ADD COLUMN series text NOT NULL DEFAULT 'invoice',
    ADD CONSTRAINT numbering_series_known CHECK (series IN ('invoice', 'credit_note')),
    DROP CONSTRAINT numbering_pkey,
    ADD CONSTRAINT numbering_pkey PRIMARY KEY (agency_id, year, series);

CREATE TABLE credit_note (
    agency_id       text        NOT NULL,
    year            int         NOT NULL,
    number          bigint      NOT NULL,
    invoice_id      uuid        NOT NULL,
    -- Of the invoice, after it.
    invoice_version bigint      NOT NULL,
    fee_fils        bigint      NOT NULL,
    vat_fils        bigint      NOT NULL,
    total_fils      bigint      NOT NULL,
    lines           jsonb       NOT NULL,
    reason          text        NOT NULL,
    issued_at       timestamptz NOT NULL,
    CONSTRAINT credit_note_pkey PRIMARY KEY (agency_id, year, number),
    CONSTRAINT credit_note_once UNIQUE (invoice_id, invoice_version),
    CONSTRAINT credit_note_of_invoice FOREIGN KEY (invoice_id) REFERENCES invoice,
    CONSTRAINT credit_note_adds_up CHECK (total_fils = fee_fils + vat_fils AND total_fils > 0)
);
