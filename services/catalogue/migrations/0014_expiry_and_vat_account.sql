-- A bill that nobody has paid ends so many days after its due date; null: it never does.
ALTER TABLE fee_schedule
    ADD COLUMN expires_after_days int,
    ADD CONSTRAINT fee_schedule_expiry CHECK (expires_after_days BETWEEN 1 AND 3650);
ALTER TABLE fee_draft
    ADD COLUMN expires_after_days int,
    ADD CONSTRAINT fee_draft_expiry CHECK (expires_after_days BETWEEN 1 AND 3650);

-- Of an agency that is registered for VAT: it stands on its tax invoices.
ALTER TABLE agency
    ADD COLUMN vat_account text,
    ADD CONSTRAINT agency_vat_account CHECK (vat_account ~ '^[0-9]{15}$');
