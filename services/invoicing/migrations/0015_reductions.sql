-- Who paid less, and by which reason code of the fee schedule.
ALTER TABLE upload_row
    ADD COLUMN reduction    text   NOT NULL DEFAULT '',
    ADD COLUMN reduced_fils bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT upload_row_reduced CHECK (reduced_fils >= 0 AND (reduction <> '' OR reduced_fils = 0));
ALTER TABLE invoice
    ADD COLUMN reduction    text   NOT NULL DEFAULT '',
    ADD COLUMN reduced_fils bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT invoice_reduced CHECK (reduced_fils >= 0 AND (reduction <> '' OR reduced_fils = 0));
CREATE INDEX invoice_by_reduction ON invoice (agency_id, issued_at) WHERE reduction <> '';
