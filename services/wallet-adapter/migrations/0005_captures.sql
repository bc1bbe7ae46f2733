-- Money may be held first: taking it is a call of its own.
ALTER TABLE provider_exchange
    DROP CONSTRAINT provider_exchange_kind_is_known,
    ADD CONSTRAINT provider_exchange_kind_is_known
        CHECK (kind IN ('initiate', 'inquire', 'capture', 'refund', 'inquire_refund', 'reverse'));
