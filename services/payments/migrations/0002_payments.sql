-- Receivables, payments, attempts, the ledger and what the posting engine needs. Money is whole fils of the Bahraini dinar.

CREATE TABLE receivable (
    invoice_id      uuid   NOT NULL,
    agency_id       text   NOT NULL,
    bill_reference  text   NOT NULL,
    service_code    text   NOT NULL,
    due_fils        bigint NOT NULL,
    paid_fils       bigint NOT NULL,
    state           text   NOT NULL,
    live_payment_id uuid,
    version         bigint NOT NULL,
    CONSTRAINT receivable_pkey PRIMARY KEY (invoice_id),
    CONSTRAINT receivable_bill_once UNIQUE (bill_reference),
    CONSTRAINT receivable_paid_within_due CHECK (due_fils > 0 AND paid_fils >= 0 AND paid_fils <= due_fils),
    CONSTRAINT receivable_state_fits CHECK (
           (state = 'open' AND paid_fils = 0 AND live_payment_id IS NULL)
        OR (state = 'held' AND paid_fils < due_fils AND live_payment_id IS NOT NULL)
        OR (state = 'partially_paid' AND paid_fils > 0 AND paid_fils < due_fils AND live_payment_id IS NULL)
        OR (state = 'paid' AND paid_fils = due_fils AND live_payment_id IS NULL))
);

CREATE TABLE payment (
    payment_id         uuid        NOT NULL,
    agency_id          text        NOT NULL,
    invoice_id         uuid        NOT NULL,
    bill_reference     text        NOT NULL,
    channel            text        NOT NULL,
    provider           text,
    amount_fils        bigint      NOT NULL,
    credited_fils      bigint      NOT NULL,
    state              text        NOT NULL,
    redirect_url       text,
    qr_payload         text,
    failure            text,
    captured_at        timestamptz,
    receipt_number     text,
    provider_reference text,
    contact_ref        text        NOT NULL,
    return_url         text        NOT NULL,
    actor              text        NOT NULL,
    case_id            uuid,
    attempt_id         uuid,
    created_at         timestamptz NOT NULL,
    version            bigint      NOT NULL,
    CONSTRAINT payment_pkey PRIMARY KEY (payment_id),
    CONSTRAINT payment_of_a_receivable FOREIGN KEY (invoice_id) REFERENCES receivable (invoice_id),
    CONSTRAINT payment_channel_known CHECK (channel IN ('wallet', 'kiosk_cash')),
    CONSTRAINT payment_amounts CHECK (amount_fils > 0 AND credited_fils >= 0 AND credited_fils <= amount_fils),
    CONSTRAINT payment_state_fits CHECK (
           (state IN ('created', 'processing', 'expired') AND captured_at IS NULL AND failure IS NULL)
        OR (state = 'action_required' AND redirect_url IS NOT NULL AND qr_payload IS NOT NULL AND captured_at IS NULL)
        OR (state IN ('captured', 'late') AND captured_at IS NOT NULL AND receipt_number IS NOT NULL AND failure IS NULL)
        OR (state = 'failed' AND failure IS NOT NULL AND captured_at IS NULL))
);
CREATE INDEX payment_by_invoice ON payment (invoice_id, created_at);

CREATE TABLE attempt (
    attempt_id         uuid        NOT NULL,
    payment_id         uuid        NOT NULL,
    invoice_id         uuid        NOT NULL,
    provider           text        NOT NULL,
    amount_fils        bigint      NOT NULL,
    state              text        NOT NULL,
    since_at           timestamptz,
    provider_reference text,
    reason             text,
    took_fils          bigint,
    submits            integer     NOT NULL,
    doubts             integer     NOT NULL,
    contradicted_at    timestamptz,
    created_at         timestamptz NOT NULL,
    version            bigint      NOT NULL,
    CONSTRAINT attempt_pkey PRIMARY KEY (attempt_id),
    CONSTRAINT attempt_of_a_payment FOREIGN KEY (payment_id) REFERENCES payment (payment_id),
    CONSTRAINT attempt_state_fits CHECK (
           (state IN ('submitting', 'pending', 'expired') AND since_at IS NULL AND took_fils IS NULL)
        OR (state = 'unknown' AND since_at IS NOT NULL AND took_fils IS NULL)
        OR (state = 'paid' AND provider_reference IS NOT NULL AND took_fils IS NULL)
        OR (state = 'declined' AND reason IS NOT NULL AND took_fils IS NULL)
        OR (state = 'mismatched' AND provider_reference IS NOT NULL AND took_fils IS NOT NULL))
);
-- Two providers must never be asked to collect the same bill at the same time.
CREATE UNIQUE INDEX attempt_one_live ON attempt (invoice_id) WHERE state IN ('submitting', 'pending', 'unknown');
-- One charge at a provider is one attempt's money, for ever.
CREATE UNIQUE INDEX attempt_provider_reference_once ON attempt (provider, provider_reference)
    WHERE provider_reference IS NOT NULL;
CREATE INDEX attempt_in_doubt ON attempt (since_at) WHERE state = 'unknown';

-- What the worker must ask a provider, and when. One row per attempt that is not settled, or that was hinted at.
CREATE TABLE work (
    attempt_id    uuid        NOT NULL,
    provider      text        NOT NULL,
    kind          text        NOT NULL,
    due_at        timestamptz NOT NULL,
    fence         bigint      NOT NULL,
    claimed_until timestamptz,
    hints         integer     NOT NULL,
    hints_seen    integer     NOT NULL,
    traceparent   text,
    CONSTRAINT work_pkey PRIMARY KEY (attempt_id),
    CONSTRAINT work_of_an_attempt FOREIGN KEY (attempt_id) REFERENCES attempt (attempt_id),
    CONSTRAINT work_kind_known CHECK (kind IN ('initiate', 'inquire'))
);
CREATE INDEX work_due ON work (due_at);

-- Cash records of devices by their business key, which never expires.
CREATE TABLE cash_record (
    device_id  text        NOT NULL,
    epoch      bigint      NOT NULL,
    seq        bigint      NOT NULL,
    kind       text        NOT NULL,
    session_id text        NOT NULL,
    booked_at  timestamptz NOT NULL,
    CONSTRAINT cash_record_once PRIMARY KEY (device_id, epoch, seq),
    CONSTRAINT cash_record_kind_known CHECK (kind IN ('stacked', 'closed'))
);
-- A session ends once, whatever a device's journal says later.
CREATE UNIQUE INDEX cash_record_session_closed_once ON cash_record (device_id, session_id) WHERE kind = 'closed';

-- A stripe of the engine: one lane of one replica at a time, by a fence that grows.
CREATE TABLE lane (
    lane         integer     NOT NULL,
    fence        bigint      NOT NULL,
    leased_until timestamptz NOT NULL,
    last_seq     bigint      NOT NULL,
    last_hash    bytea       NOT NULL,
    CONSTRAINT lane_pkey PRIMARY KEY (lane)
);

-- One row per committed batch, sealed over its journals and chained to the batch before it in its lane.
CREATE TABLE posting_batch (
    batch_id  uuid        NOT NULL,
    lane      integer     NOT NULL,
    seq       bigint      NOT NULL,
    prev_hash bytea       NOT NULL,
    hash      bytea       NOT NULL,
    commands  integer     NOT NULL,
    sealed_at timestamptz NOT NULL,
    CONSTRAINT posting_batch_pkey PRIMARY KEY (batch_id),
    CONSTRAINT posting_batch_chain_once UNIQUE (lane, seq),
    CONSTRAINT posting_batch_of_a_lane FOREIGN KEY (lane) REFERENCES lane (lane),
    CONSTRAINT posting_batch_hashes CHECK (length(prev_hash) = 32 AND length(hash) = 32)
);

CREATE TABLE journal (
    journal_id uuid        NOT NULL,
    batch_id   uuid        NOT NULL,
    position   integer     NOT NULL,
    kind       text        NOT NULL,
    source     text        NOT NULL,
    agency_id  text        NOT NULL,
    channel    text        NOT NULL,
    payment_id uuid,
    invoice_id uuid,
    posted_at  timestamptz NOT NULL,
    CONSTRAINT journal_pkey PRIMARY KEY (journal_id),
    CONSTRAINT journal_in_a_batch FOREIGN KEY (batch_id) REFERENCES posting_batch (batch_id),
    CONSTRAINT journal_position_once UNIQUE (batch_id, position),
    -- The same money never enters the books twice: an attempt, or a device's record, is the source of one journal.
    CONSTRAINT journal_source_once UNIQUE (source)
);
CREATE INDEX journal_by_invoice ON journal (invoice_id) WHERE invoice_id IS NOT NULL;
CREATE INDEX journal_by_payment ON journal (payment_id) WHERE payment_id IS NOT NULL;

CREATE TABLE entry (
    journal_id  uuid    NOT NULL,
    line        integer NOT NULL,
    account     text    NOT NULL,
    amount_fils bigint  NOT NULL, -- a debit is positive, a credit negative
    CONSTRAINT entry_pkey PRIMARY KEY (journal_id, line),
    CONSTRAINT entry_in_a_journal FOREIGN KEY (journal_id) REFERENCES journal (journal_id),
    CONSTRAINT entry_moves_something CHECK (amount_fils <> 0)
);

-- Sums of entries per account and lane, so that a busy account never makes two lanes wait for each other.
CREATE TABLE balance (
    account     text    NOT NULL,
    stripe      integer NOT NULL,
    debit_fils  bigint  NOT NULL,
    credit_fils bigint  NOT NULL,
    CONSTRAINT balance_pkey PRIMARY KEY (account, stripe),
    CONSTRAINT balance_sums CHECK (debit_fils >= 0 AND credit_fils >= 0)
);

-- "case" is a word of SQL.
CREATE TABLE open_case (
    case_id        uuid        NOT NULL,
    kind           text        NOT NULL,
    source         text        NOT NULL,
    agency_id      text        NOT NULL,
    payment_id     uuid,
    bill_reference text        NOT NULL,
    amount_fils    bigint      NOT NULL,
    detail         text        NOT NULL,
    opened_at      timestamptz NOT NULL,
    CONSTRAINT open_case_pkey PRIMARY KEY (case_id),
    CONSTRAINT open_case_once UNIQUE (kind, source),
    CONSTRAINT open_case_kind_known CHECK (kind IN ('second_payment', 'amount_mismatch', 'cash_unknown_bill',
        'cash_unknown_session', 'cash_uncommitted', 'contradiction'))
);
CREATE INDEX open_case_by_bill ON open_case (bill_reference);

-- The first answer to a key, byte for byte.
CREATE TABLE idempotency (
    scope      text        NOT NULL,
    key        text        NOT NULL,
    body_hash  bytea       NOT NULL,
    response   bytea       NOT NULL,
    batch_id   uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (scope, key),
    CONSTRAINT idempotency_in_a_batch FOREIGN KEY (batch_id) REFERENCES posting_batch (batch_id)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: correct it by a new journal', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER posting_batch_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON posting_batch
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- All entries of a journal come in one statement, and balance there.
CREATE FUNCTION refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad uuid;
BEGIN
    SELECT journal_id INTO bad FROM added GROUP BY journal_id HAVING sum(amount_fils) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % does not balance', bad
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_journal_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entry_journal_balances AFTER INSERT ON entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_imbalance();
