-- Money also goes back, and an attempt is given up. A refund is named by its own id; an inquiry after it knows no attempt.
ALTER TABLE provider_exchange
    ALTER COLUMN attempt_id DROP NOT NULL,
    ADD COLUMN refund_id uuid,
    DROP CONSTRAINT provider_exchange_kind_is_known,
    ADD CONSTRAINT provider_exchange_kind_is_known
        CHECK (kind IN ('initiate', 'inquire', 'refund', 'inquire_refund', 'reverse')),
    ADD CONSTRAINT provider_exchange_names_what_it_is_about CHECK (
        (attempt_id IS NOT NULL) = (kind <> 'inquire_refund')
        AND (refund_id IS NOT NULL) = (kind IN ('refund', 'inquire_refund'))
    );
CREATE INDEX provider_exchange_of_refund ON provider_exchange (refund_id, kind, started_at)
    WHERE refund_id IS NOT NULL;
