-- The wallet provider's own book: what really happened to payers' money, whatever anybody was told about it.
CREATE TABLE charge (
    reference      text        NOT NULL, -- the merchant's, one charge each
    payment_id     text        NOT NULL, -- the provider's own
    bill_reference text        NOT NULL,
    asked_fils     bigint      NOT NULL, -- what the merchant asked
    amount_fils    bigint      NOT NULL, -- what is taken, or would be
    state          text        NOT NULL,
    fault          text,                 -- what this charge was told to do wrong
    delay_ms       bigint      NOT NULL DEFAULT 0,
    callback_url   text        NOT NULL,
    return_url     text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    applied_at     timestamptz,          -- when the money moved
    CONSTRAINT charge_pkey PRIMARY KEY (reference),
    CONSTRAINT charge_payment_id_once UNIQUE (payment_id),
    CONSTRAINT charge_amounts_are_positive CHECK (asked_fils > 0 AND amount_fils > 0),
    CONSTRAINT charge_state_is_known CHECK (state IN ('created', 'paid', 'declined', 'expired')),
    CONSTRAINT charge_paid_has_a_time CHECK ((state = 'paid') = (applied_at IS NOT NULL))
);
CREATE INDEX charge_by_bill ON charge (bill_reference);

-- A fault armed for the next charge of a bill.
CREATE TABLE armed_fault (
    bill_reference text        NOT NULL,
    fault          text        NOT NULL,
    delay_ms       bigint      NOT NULL,
    armed_at       timestamptz NOT NULL,
    CONSTRAINT armed_fault_pkey PRIMARY KEY (bill_reference),
    CONSTRAINT armed_fault_delay_is_not_negative CHECK (delay_ms >= 0)
);

-- What the provider still has to tell merchants; written with the change it tells, so that it survives a crash.
CREATE TABLE wallet_callback (
    callback_id  uuid        NOT NULL,
    reference    text        NOT NULL,
    url          text        NOT NULL,
    body         text        NOT NULL,
    signature    text        NOT NULL,
    due_at       timestamptz NOT NULL,
    tries        integer     NOT NULL DEFAULT 0,
    last_answer  text        NOT NULL DEFAULT '',
    delivered_at timestamptz,
    given_up_at  timestamptz,
    CONSTRAINT wallet_callback_pkey PRIMARY KEY (callback_id),
    CONSTRAINT wallet_callback_of_a_charge FOREIGN KEY (reference) REFERENCES charge (reference)
);
CREATE INDEX wallet_callback_due ON wallet_callback (due_at) WHERE delivered_at IS NULL AND given_up_at IS NULL;

-- The provider's own troubles, for all charges.
CREATE TABLE wallet_weather (
    one_row  boolean NOT NULL DEFAULT true,
    outage   boolean NOT NULL DEFAULT false,
    slow_ms  bigint  NOT NULL DEFAULT 0,
    CONSTRAINT wallet_weather_pkey PRIMARY KEY (one_row),
    CONSTRAINT wallet_weather_one_row CHECK (one_row),
    CONSTRAINT wallet_weather_slow_is_not_negative CHECK (slow_ms >= 0)
);
INSERT INTO wallet_weather DEFAULT VALUES;
