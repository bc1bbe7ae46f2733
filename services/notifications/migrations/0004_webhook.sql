-- Where agencies are told. The secret is sealed with a key of its own, which the master key wraps.
CREATE TABLE endpoint (
    endpoint_id     uuid        NOT NULL,
    agency_id       text        NOT NULL,
    actor           text        NOT NULL,
    idempotency_key text        NOT NULL,
    url             text        NOT NULL,
    secret_sealed   bytea       NOT NULL,
    wrapped_key     bytea       NOT NULL,
    enabled         boolean     NOT NULL,
    disabled_why    text,
    failing_since   timestamptz, -- the first failed try after the last good one
    created_at      timestamptz NOT NULL,
    CONSTRAINT endpoint_pkey PRIMARY KEY (endpoint_id),
    CONSTRAINT endpoint_key_once UNIQUE (agency_id, actor, idempotency_key),
    CONSTRAINT endpoint_disabled_says_why CHECK (enabled = (disabled_why IS NULL)),
    CONSTRAINT endpoint_why_is_known CHECK (disabled_why IN ('gone', 'failing'))
);

-- What each endpoint is told, at least once. `next_at`: when a pending one is due, or until when one sender has it.
CREATE TABLE delivery (
    delivery_id  uuid        NOT NULL, -- the webhook-id header: the same for each try
    endpoint_id  uuid        NOT NULL,
    agency_id    text        NOT NULL,
    event_id     uuid        NOT NULL,
    event_type   text        NOT NULL,
    body         text        NOT NULL, -- as it is signed; no personal data
    traceparent  text,
    state        text        NOT NULL,
    next_at      timestamptz,
    ended_at     timestamptz,
    tries        integer     NOT NULL,
    last_answer  integer     NOT NULL, -- HTTP status, 0 when none came
    version      bigint      NOT NULL,
    created_at   timestamptz NOT NULL,
    CONSTRAINT delivery_pkey PRIMARY KEY (delivery_id),
    CONSTRAINT delivery_to_an_endpoint FOREIGN KEY (endpoint_id) REFERENCES endpoint (endpoint_id),
    CONSTRAINT delivery_once UNIQUE (endpoint_id, event_id),
    CONSTRAINT delivery_state_is_known CHECK (state IN ('pending', 'sending', 'delivered', 'failed')),
    CONSTRAINT delivery_open_has_a_next CHECK ((state IN ('pending', 'sending')) = (next_at IS NOT NULL)),
    CONSTRAINT delivery_ended_has_an_end CHECK ((state IN ('delivered', 'failed')) = (ended_at IS NOT NULL))
);
CREATE INDEX delivery_due ON delivery (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX delivery_of_agency ON delivery (agency_id, delivery_id);
