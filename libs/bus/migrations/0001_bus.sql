-- Events of a service: what it must tell (outbox), what it has heard (inbox). Each service that uses the bus copies this
-- file, unchanged, to its first migration.

-- Written in the transaction of the fact it tells; published by the relay afterwards. It is the truth: if the broker
-- loses its whole store, the rows of the retention are sent again from here.
CREATE TABLE outbox (
    event_id      uuid        NOT NULL,
    subject       text        NOT NULL,
    aggregate     text        NOT NULL,
    version       bigint      NOT NULL,
    body          bytea       NOT NULL,
    traceparent   text,
    created_at    timestamptz NOT NULL,
    -- Until then one relay has the row in hand; a relay that died gives it back by not extending this.
    claimed_until timestamptz,
    published_at  timestamptz,
    CONSTRAINT outbox_pkey PRIMARY KEY (event_id),
    CONSTRAINT outbox_subject_is_ours CHECK (subject ~ '^mizan(\.[a-z0-9_-]+)+$'),
    CONSTRAINT outbox_version_from_one CHECK (version >= 1)
);

-- Found by state, never by "id greater than the last": a slow transaction may commit an older row late.
CREATE INDEX outbox_unpublished ON outbox (created_at) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

-- One row per event and consumer, in the transaction of its effect: a second delivery finds it and does nothing.
CREATE TABLE inbox (
    consumer    text        NOT NULL,
    event_id    uuid        NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT inbox_pkey PRIMARY KEY (consumer, event_id)
);

-- Which broker store the outbox was sent to: another creation time means that it was lost.
CREATE TABLE outbox_stream (
    one_row           boolean     NOT NULL DEFAULT true,
    stream_created_at timestamptz NOT NULL,
    CONSTRAINT outbox_stream_pkey PRIMARY KEY (one_row),
    CONSTRAINT outbox_stream_one_row CHECK (one_row)
);
