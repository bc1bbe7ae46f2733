-- Whom receipts go to. The address is sealed with a key of its own, which the master key wraps: destroying
-- `wrapped_key` erases the person. `email_index` is a keyed hash: it only tells whether two addresses are equal.
CREATE TABLE contact (
    contact_id      uuid        NOT NULL,
    actor           text        NOT NULL,
    idempotency_key text        NOT NULL,
    language        text        NOT NULL,
    email_sealed    bytea       NOT NULL,
    email_index     bytea       NOT NULL,
    wrapped_key     bytea,
    created_at      timestamptz NOT NULL,
    CONSTRAINT contact_pkey PRIMARY KEY (contact_id),
    CONSTRAINT contact_key_once UNIQUE (actor, idempotency_key),
    CONSTRAINT contact_language_is_known CHECK (language IN ('en', 'ar'))
);
