-- A charge may only hold money when the payer approves it: an authorised one has taken nothing, and becomes paid when the
-- merchant captures all of it, or less. `expires_at` then is when the hold ends.
ALTER TABLE charge
    ADD COLUMN hold_ms bigint,          -- how long what is approved is held; none: it is taken at once
    ADD COLUMN capture_fault text,      -- what its capture was told to do wrong
    ADD COLUMN capture_delay_ms bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT charge_state_is_known,
    ADD CONSTRAINT charge_state_is_known
        CHECK (state IN ('created', 'authorised', 'paid', 'declined', 'expired', 'reversed')),
    ADD CONSTRAINT charge_holds_for_some_time CHECK (hold_ms > 0),
    ADD CONSTRAINT charge_authorised_is_held CHECK (state <> 'authorised' OR hold_ms IS NOT NULL),
    ADD CONSTRAINT charge_captures_what_was_held
        CHECK (capture_fault IS NULL OR (state = 'paid' AND hold_ms IS NOT NULL));

-- A fault may also wait for the next capture of a charge of a bill.
ALTER TABLE armed_fault
    DROP CONSTRAINT armed_fault_operation_is_known,
    ADD CONSTRAINT armed_fault_operation_is_known CHECK (operation IN ('charge', 'capture', 'refund'));
