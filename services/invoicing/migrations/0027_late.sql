-- What being late makes a bill cost more, and the day it does.

ALTER TABLE invoice
    -- As the fee schedule of its day of issue said: {"grace_days": 30, "adds": {"basis_points": 500}, …}
    ADD COLUMN late       jsonb,
    ADD COLUMN penalty_on date,
    ADD CONSTRAINT invoice_penalty_by_rule CHECK (late IS NOT NULL OR penalty_on IS NULL);
ALTER TABLE amendment
    ADD COLUMN late       jsonb,
    ADD COLUMN penalty_on date;
CREATE INDEX invoice_by_penalty ON invoice (penalty_on, invoice_id)
    WHERE penalty_on IS NOT NULL AND state IN ('issued', 'partially_paid');
