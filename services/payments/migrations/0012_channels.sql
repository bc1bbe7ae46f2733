-- What channels may take money, as the catalogue last told; kept, so that a start does not depend on it. One row.
CREATE TABLE channel_rules (
    only_row   boolean     NOT NULL DEFAULT true,
    revision   bigint      NOT NULL,
    rules      bytea       NOT NULL, -- mizan.catalogue.v1.ListChannelRulesResponse
    changed_at timestamptz NOT NULL,
    CONSTRAINT channel_rules_pkey PRIMARY KEY (only_row),
    CONSTRAINT channel_rules_one CHECK (only_row)
);

-- Payments that only an exception allowed.
CREATE TABLE channel_exception_use (
    payment_id           uuid        NOT NULL,
    channel_exception_id uuid        NOT NULL,
    amount_fils          bigint      NOT NULL,
    used_at              timestamptz NOT NULL,
    CONSTRAINT channel_exception_use_pkey PRIMARY KEY (payment_id),
    CONSTRAINT channel_exception_use_amount CHECK (amount_fils > 0)
);
CREATE INDEX channel_exception_use_of ON channel_exception_use (channel_exception_id);

ALTER TABLE open_case
    DROP CONSTRAINT open_case_kind_known,
    ADD CONSTRAINT open_case_kind_known CHECK (kind IN ('second_payment', 'amount_mismatch', 'cash_unknown_bill',
        'cash_unknown_session', 'cash_uncommitted', 'contradiction', 'unknown_outcome', 'device_quarantined',
        'chargeback', 'channel_closed'));

ALTER TABLE payment DROP CONSTRAINT payment_channel_known;
ALTER TABLE payment ADD CONSTRAINT payment_channel_known CHECK (
       (kind = 'collected' AND channel = 'wallet' AND provider IS NOT NULL AND attempt_id IS NOT NULL)
    OR (kind = 'told' AND channel IN ('wallet', 'card', 'transfer', 'pos', 'counter_cash') AND provider IS NOT NULL
        AND provider_reference IS NOT NULL AND attempt_id IS NULL)
    OR (kind = 'cash' AND channel = 'kiosk_cash' AND provider IS NULL AND attempt_id IS NULL));
