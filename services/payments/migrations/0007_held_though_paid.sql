-- A bill that others paid while an attempt was live on it remembers that attempt: whatever changes it, no second one starts.
ALTER TABLE receivable
    DROP CONSTRAINT receivable_state_fits,
    ADD CONSTRAINT receivable_state_fits CHECK (
           (state = 'open' AND paid_fils = 0 AND live_payment_id IS NULL)
        OR (state = 'held' AND paid_fils < due_fils AND live_payment_id IS NOT NULL)
        OR (state = 'partially_paid' AND paid_fils > 0 AND paid_fils < due_fils AND live_payment_id IS NULL)
        OR (state = 'paid' AND paid_fils = due_fils)
        OR (state = 'cancelled' AND paid_fils = 0 AND live_payment_id IS NULL)
        OR (state = 'written_off' AND paid_fils < due_fils AND live_payment_id IS NULL));

-- A provider that contradicts itself about a refund is one case, however often it says so.
ALTER TABLE refund ADD COLUMN contradicted boolean NOT NULL DEFAULT false;
