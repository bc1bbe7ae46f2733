-- Every call to a provider: written before it leaves, completed when it ended. A row without an end is a call whose
-- outcome nobody wrote down: it may have arrived.
CREATE TABLE provider_exchange (
    exchange_id      uuid        NOT NULL,
    provider         text        NOT NULL,
    attempt_id       uuid        NOT NULL,
    kind             text        NOT NULL,
    url              text        NOT NULL,
    request_body     bytea       NOT NULL, -- without secrets: a signature proves, it does not reveal
    request_hash     bytea       NOT NULL, -- SHA-256 of request_body
    qr_payload       text,                 -- what the payer may scan; of initiate only
    started_at       timestamptz NOT NULL,
    ended_at         timestamptz,
    outcome          text,
    reason           text,                 -- why it was not sent, is indeterminate, or was declined
    observed_state   text,
    http_code        integer,
    answer_body      bytea,
    answer_signature text,
    CONSTRAINT provider_exchange_pkey PRIMARY KEY (exchange_id),
    CONSTRAINT provider_exchange_kind_is_known CHECK (kind IN ('initiate', 'inquire')),
    CONSTRAINT provider_exchange_outcome_is_known CHECK (outcome IN ('not_sent', 'indeterminate', 'observed')),
    CONSTRAINT provider_exchange_ends_with_an_outcome CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT provider_exchange_observed_says_what CHECK ((outcome = 'observed') = (observed_state IS NOT NULL))
);
CREATE INDEX provider_exchange_of_attempt ON provider_exchange (attempt_id, kind, started_at);

-- Each thing a provider told us, once.
CREATE TABLE provider_callback (
    callback_id    uuid        NOT NULL,
    provider       text        NOT NULL,
    reference      text        NOT NULL,
    reported_state text        NOT NULL,
    body_hash      bytea       NOT NULL,
    body           bytea       NOT NULL,
    signature      text        NOT NULL,
    attempt_id     uuid,                 -- none: the reference is not one of ours
    received_at    timestamptz NOT NULL,
    CONSTRAINT provider_callback_pkey PRIMARY KEY (callback_id),
    CONSTRAINT provider_callback_once UNIQUE (provider, reference, reported_state, body_hash)
);
CREATE INDEX provider_callback_of_attempt ON provider_callback (attempt_id);

-- What came to the callback address without a good signature. Anybody can send these, so the app keeps a bounded number.
CREATE TABLE refused_callback (
    body_hash     bytea       NOT NULL,
    provider      text        NOT NULL,
    body          bytea       NOT NULL,
    signature     text        NOT NULL,
    times         bigint      NOT NULL,
    first_at      timestamptz NOT NULL,
    last_at       timestamptz NOT NULL,
    CONSTRAINT refused_callback_pkey PRIMARY KEY (provider, body_hash)
);
CREATE INDEX refused_callback_first_at ON refused_callback (first_at);
