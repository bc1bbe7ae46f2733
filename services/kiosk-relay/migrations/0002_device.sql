-- Devices, their signed journals, and what was odd about them.

CREATE TABLE device (
    device_id      text        NOT NULL,
    place          text        NOT NULL,
    state          text        NOT NULL,
    registered_by  text        NOT NULL,
    registered_at  timestamptz NOT NULL,
    -- The Ed25519 key of its journal and its certificate, 32 bytes; known from enrolment on.
    public_key     bytea,
    activated_by   text,
    quarantined_at timestamptz,
    -- The head of its journal: every record up to here is stored and posted.
    epoch          bigint      NOT NULL,
    last_seq       bigint      NOT NULL,
    last_hash      bytea       NOT NULL,
    last_seen_at   timestamptz,
    version        bigint      NOT NULL,
    CONSTRAINT device_pkey PRIMARY KEY (device_id),
    CONSTRAINT device_key_once UNIQUE (public_key),
    CONSTRAINT device_head CHECK (epoch >= 1 AND last_seq >= 0 AND length(last_hash) = 32 AND version >= 1),
    CONSTRAINT device_key_length CHECK (length(public_key) = 32),
    CONSTRAINT device_four_eyes CHECK (activated_by <> registered_by),
    CONSTRAINT device_state_has_its_data CHECK (CASE state
        WHEN 'registered'  THEN public_key IS NULL     AND activated_by IS NULL     AND quarantined_at IS NULL
        WHEN 'pending'     THEN public_key IS NOT NULL AND activated_by IS NULL     AND quarantined_at IS NULL
        WHEN 'active'      THEN public_key IS NOT NULL AND activated_by IS NOT NULL AND quarantined_at IS NULL
        WHEN 'quarantined' THEN public_key IS NOT NULL AND activated_by IS NOT NULL AND quarantined_at IS NOT NULL
        ELSE false END)
);

-- One code a device: a new one takes the place of a lost one.
CREATE TABLE enrolment_code (
    device_id       text        NOT NULL,
    code_hash       bytea       NOT NULL,
    expires_at      timestamptz NOT NULL,
    used_at         timestamptz,
    -- What the code was used for: the same device asking again gets the same certificate.
    public_key      bytea,
    certificate_pem text,
    CONSTRAINT enrolment_code_pkey PRIMARY KEY (device_id),
    CONSTRAINT enrolment_code_hash_once UNIQUE (code_hash),
    CONSTRAINT enrolment_code_device FOREIGN KEY (device_id) REFERENCES device,
    CONSTRAINT enrolment_code_hash_length CHECK (length(code_hash) = 32),
    CONSTRAINT enrolment_code_used_once CHECK
        ((used_at IS NULL) = (public_key IS NULL) AND (used_at IS NULL) = (certificate_pem IS NULL))
);

-- The journal as its device signed it. `canonical` is the text that was hashed.
CREATE TABLE journal_record (
    device_id   text        NOT NULL,
    epoch       bigint      NOT NULL,
    seq         bigint      NOT NULL,
    hash        bytea       NOT NULL,
    sig         bytea       NOT NULL,
    kind        text        NOT NULL,
    canonical   text        NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT journal_record_pkey PRIMARY KEY (device_id, epoch, seq),
    CONSTRAINT journal_record_device FOREIGN KEY (device_id) REFERENCES device,
    CONSTRAINT journal_record_numbers CHECK (epoch >= 1 AND seq >= 1),
    CONSTRAINT journal_record_hash CHECK (hash = sha256(convert_to(canonical, 'UTF8'))),
    CONSTRAINT journal_record_sig CHECK (length(sig) = 64)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER journal_record_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_record
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Signed records after a fork: kept, never posted by themselves.
CREATE TABLE journal_quarantine (
    device_id   text        NOT NULL,
    epoch       bigint      NOT NULL,
    seq         bigint      NOT NULL,
    hash        bytea       NOT NULL,
    sig         bytea       NOT NULL,
    kind        text        NOT NULL,
    canonical   text        NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT journal_quarantine_pkey PRIMARY KEY (device_id, epoch, seq, hash),
    CONSTRAINT journal_quarantine_device FOREIGN KEY (device_id) REFERENCES device,
    CONSTRAINT journal_quarantine_hash CHECK (hash = sha256(convert_to(canonical, 'UTF8')))
);
CREATE TRIGGER journal_quarantine_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_quarantine
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a person must be able to look at later. The same thing again is the same row.
CREATE TABLE evidence (
    device_id   text        NOT NULL,
    kind        text        NOT NULL,
    fingerprint bytea       NOT NULL,
    detail      text        NOT NULL,
    said        text        NOT NULL,
    first_at    timestamptz NOT NULL,
    CONSTRAINT evidence_pkey PRIMARY KEY (device_id, kind, fingerprint),
    CONSTRAINT evidence_kind CHECK (kind IN
        ('bad_signature', 'foreign_record', 'fork', 'unreadable_cash', 'odd_session'))
);
CREATE TRIGGER evidence_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What each session has stacked, counted here record by record.
CREATE TABLE device_session (
    device_id      text        NOT NULL,
    session_id     text        NOT NULL,
    bill_reference text        NOT NULL,
    stacked_fils   bigint      NOT NULL,
    state          text        NOT NULL,
    opened_at      timestamptz NOT NULL,
    closed_at      timestamptz,
    CONSTRAINT device_session_pkey PRIMARY KEY (device_id, session_id),
    CONSTRAINT device_session_device FOREIGN KEY (device_id) REFERENCES device,
    CONSTRAINT device_session_stacked CHECK (stacked_fils >= 0),
    CONSTRAINT device_session_state CHECK (state IN ('open', 'committed', 'cancelled', 'timed_out')),
    CONSTRAINT device_session_closed CHECK ((state = 'open') = (closed_at IS NULL))
);
