-- Whom a bill is for. The only way to the person is wrapped_key: destroying it erases the person, the books stay.
CREATE TABLE party (
    party_ref   uuid        NOT NULL,
    agency_id   text        NOT NULL,
    -- A keyed hash of agency and CPR: finds the person again inside this agency, and links nobody across agencies.
    cpr_index   bytea       NOT NULL,
    wrapped_key bytea       NOT NULL,
    cpr_sealed  bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    CONSTRAINT party_pkey PRIMARY KEY (party_ref),
    CONSTRAINT party_once_per_agency UNIQUE (agency_id, cpr_index),
    CONSTRAINT party_cpr_index_length CHECK (octet_length(cpr_index) = 32)
);

-- A clerk's file. Its cells are sealed with a key of its own; card numbers are taken out before.
CREATE TABLE upload (
    upload_id        uuid        NOT NULL,
    agency_id        text        NOT NULL,
    file_name        text        NOT NULL,
    sha256           bytea       NOT NULL,
    encoding         text        NOT NULL,
    delimiter        text        NOT NULL,
    row_count        int         NOT NULL,
    valid_count      int         NOT NULL,
    restored_count   int         NOT NULL,
    reference_column int         NOT NULL,
    error_count      int         NOT NULL,
    valid_total_fils bigint      NOT NULL,
    agency_name_en   text        NOT NULL,
    agency_name_ar   text        NOT NULL,
    wrapped_key      bytea       NOT NULL,
    sheet_sealed     bytea       NOT NULL,
    state            text        NOT NULL,
    issued_count     int         NOT NULL,
    created_at       timestamptz NOT NULL,
    CONSTRAINT upload_pkey PRIMARY KEY (upload_id),
    CONSTRAINT upload_same_bytes_once UNIQUE (agency_id, sha256),
    CONSTRAINT upload_state_known CHECK (state IN ('checked', 'issued')),
    CONSTRAINT upload_issued_all_valid CHECK (issued_count = CASE state WHEN 'issued' THEN valid_count ELSE 0 END),
    CONSTRAINT upload_counts CHECK (valid_count BETWEEN 0 AND row_count AND valid_total_fils >= 0)
);

-- The valid rows of a file until they become invoices.
CREATE TABLE upload_row (
    upload_id        uuid   NOT NULL,
    row_number       int    NOT NULL,
    reference        text   NOT NULL,
    service_code     text   NOT NULL,
    service_name_en  text   NOT NULL,
    service_name_ar  text   NOT NULL,
    party_ref        uuid   NOT NULL,
    payer_sealed     bytea  NOT NULL,
    fee_fils         bigint NOT NULL,
    vat_fils         bigint NOT NULL,
    total_fils       bigint NOT NULL,
    steps            jsonb  NOT NULL,
    schedule_version int    NOT NULL,
    due_date         date   NOT NULL,
    CONSTRAINT upload_row_pkey PRIMARY KEY (upload_id, row_number),
    CONSTRAINT upload_row_of_upload FOREIGN KEY (upload_id) REFERENCES upload,
    CONSTRAINT upload_row_of_party FOREIGN KEY (party_ref) REFERENCES party,
    CONSTRAINT upload_row_adds_up CHECK (total_fils = fee_fils + vat_fils AND total_fils > 0)
);

CREATE TABLE upload_error (
    upload_id     uuid  NOT NULL,
    row_number    int   NOT NULL,
    column_number int   NOT NULL,
    code          text  NOT NULL,
    -- What the sentence names: a limit, the values allowed. Never a value of the clerk's cell.
    details       jsonb NOT NULL,
    CONSTRAINT upload_error_pkey PRIMARY KEY (upload_id, row_number, column_number),
    CONSTRAINT upload_error_of_upload FOREIGN KEY (upload_id) REFERENCES upload
);

-- The last invoice number of an agency and year; its row lock is what makes numbers gapless.
CREATE TABLE numbering (
    agency_id   text   NOT NULL,
    year        int    NOT NULL,
    last_number bigint NOT NULL,
    CONSTRAINT numbering_pkey PRIMARY KEY (agency_id, year),
    CONSTRAINT numbering_from_zero CHECK (last_number >= 0)
);

-- The document, as it was issued: names and steps stay as they were that day.
CREATE TABLE invoice (
    invoice_id         uuid        NOT NULL,
    agency_id          text        NOT NULL,
    year               int         NOT NULL,
    number             bigint      NOT NULL,
    bill_reference     text        NOT NULL,
    agency_name_en     text        NOT NULL,
    agency_name_ar     text        NOT NULL,
    service_code       text        NOT NULL,
    service_name_en    text        NOT NULL,
    service_name_ar    text        NOT NULL,
    reference          text        NOT NULL,
    party_ref          uuid        NOT NULL,
    payer_sealed       bytea       NOT NULL,
    fee_fils           bigint      NOT NULL,
    vat_fils           bigint      NOT NULL,
    total_fils         bigint      NOT NULL,
    steps              jsonb       NOT NULL,
    schedule_version   int         NOT NULL,
    due_date           date        NOT NULL,
    upload_id          uuid,
    state              text        NOT NULL,
    paid_fils          bigint      NOT NULL,
    -- The newest version of the receivable we have heard of; older news changes nothing.
    receivable_version bigint      NOT NULL,
    version            bigint      NOT NULL,
    issued_at          timestamptz NOT NULL,
    CONSTRAINT invoice_pkey PRIMARY KEY (invoice_id),
    CONSTRAINT invoice_number_once UNIQUE (agency_id, year, number),
    CONSTRAINT invoice_bill_reference_once UNIQUE (bill_reference),
    CONSTRAINT invoice_reference_once UNIQUE (agency_id, reference),
    CONSTRAINT invoice_of_party FOREIGN KEY (party_ref) REFERENCES party,
    CONSTRAINT invoice_of_upload FOREIGN KEY (upload_id) REFERENCES upload,
    CONSTRAINT invoice_adds_up CHECK (total_fils = fee_fils + vat_fils AND total_fils > 0),
    CONSTRAINT invoice_version_from_one CHECK (version >= 1 AND receivable_version >= 0),
    CONSTRAINT invoice_state_fits_paid CHECK (
        CASE state
            WHEN 'issued' THEN paid_fils = 0
            WHEN 'partially_paid' THEN paid_fils > 0 AND paid_fils < total_fils
            WHEN 'paid' THEN paid_fils = total_fils
            ELSE false
        END
    )
);
CREATE INDEX invoice_by_upload ON invoice (upload_id, year, number) WHERE upload_id IS NOT NULL;

-- The first answer to each call that has an effect, in the transaction of the effect.
CREATE TABLE idempotency (
    caller     text        NOT NULL,
    operation  text        NOT NULL,
    key        text        NOT NULL,
    body_hash  bytea       NOT NULL,
    -- Null only inside the transaction that is at work on it.
    response   bytea,
    created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (caller, operation, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
