-- API clients of agencies. Of a key only its hash is kept.
CREATE TABLE api_client (
    client_id  uuid        NOT NULL,
    agency_id  text        NOT NULL,
    name       text        NOT NULL,
    scopes     text[]      NOT NULL,
    key_hash   bytea       NOT NULL,
    created_by text        NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT api_client_pkey PRIMARY KEY (client_id),
    CONSTRAINT api_client_key_hash_unique UNIQUE (key_hash),
    CONSTRAINT api_client_agency_form CHECK (agency_id ~ '^[A-Z]{2,8}$'),
    CONSTRAINT api_client_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT api_client_scopes_some CHECK (cardinality(scopes) > 0),
    CONSTRAINT api_client_key_hash_length CHECK (octet_length(key_hash) = 32),
    CONSTRAINT api_client_expires_later CHECK (expires_at > created_at)
);
