-- When payers are told of a bill.

ALTER TABLE invoice
    -- The payer was told that there is a bill.
    ADD COLUMN noticed   boolean NOT NULL DEFAULT false,
    -- The next day to tell something; none: there is nobody to tell, or nothing.
    ADD COLUMN remind_on date;
CREATE INDEX invoice_by_reminder ON invoice (remind_on, invoice_id)
    WHERE remind_on IS NOT NULL AND state IN ('issued', 'partially_paid');
