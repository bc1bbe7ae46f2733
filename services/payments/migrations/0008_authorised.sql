-- Money that a provider holds is pending: it is expected, and none has moved. It is taken when somebody says so, or let go.
ALTER TABLE payment
    DROP CONSTRAINT payment_state_fits,
    ADD CONSTRAINT payment_state_fits CHECK (
           (state IN ('created', 'processing', 'authorised', 'expired', 'cancelled') AND captured_at IS NULL
            AND failure IS NULL)
        OR (state = 'action_required' AND redirect_url IS NOT NULL AND qr_payload IS NOT NULL AND captured_at IS NULL)
        OR (state IN ('captured', 'partially_refunded', 'refunded', 'late') AND captured_at IS NOT NULL
            AND receipt_number IS NOT NULL AND failure IS NULL)
        OR (state = 'failed' AND failure IS NOT NULL AND captured_at IS NULL));
DROP INDEX payment_one_live;
CREATE UNIQUE INDEX payment_one_live ON payment (invoice_id)
    WHERE state IN ('created', 'action_required', 'processing', 'authorised');
ALTER TABLE attempt
    ADD COLUMN delayed_capture boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT attempt_state_fits,
    ADD CONSTRAINT attempt_state_fits CHECK (
           (state IN ('submitting', 'pending', 'expired', 'cancelled') AND since_at IS NULL AND took_fils IS NULL)
        OR (state = 'unknown' AND since_at IS NOT NULL AND took_fils IS NULL)
        OR (state = 'authorised' AND provider_reference IS NOT NULL AND since_at IS NULL AND took_fils IS NULL)
        OR (state = 'capturing' AND provider_reference IS NOT NULL AND since_at IS NOT NULL AND took_fils IS NULL)
        OR (state = 'paid' AND provider_reference IS NOT NULL AND took_fils IS NULL)
        OR (state = 'declined' AND reason IS NOT NULL AND took_fils IS NULL)
        OR (state = 'mismatched' AND provider_reference IS NOT NULL AND took_fils IS NOT NULL));
ALTER TABLE attempt ALTER COLUMN delayed_capture DROP DEFAULT;
DROP INDEX attempt_in_doubt;
CREATE INDEX attempt_in_doubt ON attempt (since_at) WHERE state IN ('unknown', 'capturing');
ALTER TABLE work
    DROP CONSTRAINT work_kind_known,
    ADD CONSTRAINT work_kind_known CHECK (
        kind IN ('initiate', 'capture', 'inquire', 'reverse', 'refund', 'inquire_refund'));

-- The kind says it, and the kind is under the seal of the batch.
ALTER TABLE journal
    ADD COLUMN pending boolean NOT NULL GENERATED ALWAYS AS (kind IN ('authorised', 'authorisation_released')) STORED;
ALTER TABLE balance
    ADD COLUMN pending_debit_fils  bigint NOT NULL DEFAULT 0,
    ADD COLUMN pending_credit_fils bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT balance_pending_sums CHECK (pending_debit_fils >= 0 AND pending_credit_fils >= 0);
CREATE VIEW any_entry AS
SELECT journal_id, line::integer, account, amount_fils, pending
  FROM journal, UNNEST(accounts, amounts_fils) WITH ORDINALITY AS lines (account, amount_fils, line);
-- What is posted.
CREATE OR REPLACE VIEW entry AS
SELECT journal_id, line, account, amount_fils FROM any_entry WHERE NOT pending;
