-- Notices of bills and reminders beside receipts; and messages that are taken back before they are sent.

ALTER TABLE message
    ALTER COLUMN payment_id DROP NOT NULL,
    ALTER COLUMN paid_at DROP NOT NULL,
    ADD COLUMN invoice_id uuid,
    ADD COLUMN due_date   date,
    -- A bill has each once: a notice at its issue, reminders by their day.
    ADD COLUMN occasion   text,
    DROP CONSTRAINT message_template_is_known,
    ADD CONSTRAINT message_template_fits CHECK (
        CASE template
            WHEN 'receipt' THEN num_nulls(payment_id, paid_at) = 0 AND num_nonnulls(invoice_id, due_date, occasion) = 0
            WHEN 'notice' THEN num_nulls(invoice_id, due_date, occasion) = 0 AND num_nonnulls(payment_id, paid_at) = 0
            WHEN 'reminder' THEN num_nulls(invoice_id, due_date, occasion) = 0 AND num_nonnulls(payment_id, paid_at) = 0
            ELSE false
        END),
    ADD CONSTRAINT message_bill_once UNIQUE (invoice_id, occasion, contact_id),
    DROP CONSTRAINT message_state_is_known,
    ADD CONSTRAINT message_state_is_known CHECK (state IN ('pending', 'sending', 'delivered', 'failed', 'withdrawn')),
    DROP CONSTRAINT message_ended_has_an_end,
    ADD CONSTRAINT message_ended_has_an_end CHECK (
        (state IN ('delivered', 'failed', 'withdrawn')) = (ended_at IS NOT NULL));
CREATE INDEX message_of_bill ON message (invoice_id) WHERE state = 'pending';
