-- Carts, shares, instalments, money that goes back, and corrections by two persons.

ALTER TABLE receivable
    ADD COLUMN returned_fils   bigint   NOT NULL DEFAULT 0,
    -- [{"to": "TRF", "agency": true, "due": 4500, "paid": 0, "returned": 0}, …]; empty: all is the agency's.
    ADD COLUMN shares          jsonb    NOT NULL DEFAULT '[]',
    ADD COLUMN instalments     jsonb    NOT NULL DEFAULT '[]',
    DROP CONSTRAINT receivable_paid_within_due,
    DROP CONSTRAINT receivable_state_fits;
ALTER TABLE receivable
    ADD CONSTRAINT receivable_paid_within_due CHECK (
        due_fils > 0 AND paid_fils >= 0 AND paid_fils <= due_fils AND returned_fils >= 0 AND returned_fils <= paid_fils),
    ADD CONSTRAINT receivable_state_fits CHECK (
           (state = 'open' AND paid_fils = 0 AND live_payment_id IS NULL)
        OR (state = 'held' AND paid_fils < due_fils AND live_payment_id IS NOT NULL)
        OR (state = 'partially_paid' AND paid_fils > 0 AND paid_fils < due_fils AND live_payment_id IS NULL)
        OR (state = 'paid' AND paid_fils = due_fils AND live_payment_id IS NULL)
        OR (state = 'cancelled' AND paid_fils = 0 AND live_payment_id IS NULL)
        OR (state = 'written_off' AND paid_fils < due_fils AND live_payment_id IS NULL));

ALTER TABLE payment
    ADD COLUMN kind              text   NOT NULL DEFAULT 'collected',
    ADD COLUMN refunding_fils    bigint NOT NULL DEFAULT 0,
    ADD COLUMN refunded_fils     bigint NOT NULL DEFAULT 0,
    ADD COLUMN disputed_fils     bigint NOT NULL DEFAULT 0,
    ADD COLUMN charged_back_fils bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT payment_channel_known,
    DROP CONSTRAINT payment_state_fits;
UPDATE payment SET kind = 'cash' WHERE channel = 'kiosk_cash';
ALTER TABLE payment
    ALTER COLUMN kind DROP DEFAULT,
    ADD CONSTRAINT payment_channel_known CHECK (
           (kind = 'collected' AND channel = 'wallet' AND provider IS NOT NULL AND attempt_id IS NOT NULL)
        OR (kind = 'told' AND channel IN ('wallet', 'card', 'transfer', 'pos') AND provider IS NOT NULL
            AND provider_reference IS NOT NULL AND attempt_id IS NULL)
        OR (kind = 'cash' AND channel = 'kiosk_cash' AND provider IS NULL AND attempt_id IS NULL)),
    -- What goes back is never more than what stayed with the bill.
    ADD CONSTRAINT payment_gives_back_within_captured CHECK (
        refunding_fils >= 0 AND refunded_fils >= 0 AND disputed_fils >= 0 AND charged_back_fils >= 0
        AND refunding_fils + refunded_fils + disputed_fils + charged_back_fils <= amount_fils - credited_fils),
    ADD CONSTRAINT payment_state_fits CHECK (
           (state IN ('created', 'processing', 'expired', 'cancelled') AND captured_at IS NULL AND failure IS NULL)
        OR (state = 'action_required' AND redirect_url IS NOT NULL AND qr_payload IS NOT NULL AND captured_at IS NULL)
        OR (state IN ('captured', 'partially_refunded', 'refunded', 'late') AND captured_at IS NOT NULL
            AND receipt_number IS NOT NULL AND failure IS NULL)
        OR (state = 'failed' AND failure IS NOT NULL AND captured_at IS NULL));
-- A movement that a channel tells of is one payment, for ever.
CREATE UNIQUE INDEX payment_movement_once ON payment (provider, provider_reference) WHERE kind = 'told';
-- Two providers must never be asked to collect the same bill at the same time.
CREATE UNIQUE INDEX payment_one_live ON payment (invoice_id)
    WHERE state IN ('created', 'action_required', 'processing');
CREATE UNIQUE INDEX payment_receipt_once ON payment (receipt_number) WHERE receipt_number IS NOT NULL;

-- The payments of an attempt: several for a cart.
CREATE TABLE attempt_part (
    attempt_id  uuid    NOT NULL,
    position    integer NOT NULL,
    payment_id  uuid    NOT NULL,
    invoice_id  uuid    NOT NULL,
    amount_fils bigint  NOT NULL,
    CONSTRAINT attempt_part_pkey PRIMARY KEY (attempt_id, position),
    CONSTRAINT attempt_part_of_an_attempt FOREIGN KEY (attempt_id) REFERENCES attempt (attempt_id),
    CONSTRAINT attempt_part_of_a_payment FOREIGN KEY (payment_id) REFERENCES payment (payment_id),
    CONSTRAINT attempt_part_amount CHECK (amount_fils > 0)
);
CREATE INDEX attempt_part_by_invoice ON attempt_part (invoice_id);
INSERT INTO attempt_part (attempt_id, position, payment_id, invoice_id, amount_fils)
SELECT attempt_id, 1, payment_id, invoice_id, amount_fils FROM attempt;
DROP INDEX attempt_one_live;
ALTER TABLE attempt
    DROP COLUMN payment_id,
    DROP COLUMN invoice_id,
    ADD COLUMN doubted_at timestamptz,
    ADD COLUMN cancelling boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT attempt_state_fits;
ALTER TABLE attempt
    ADD CONSTRAINT attempt_state_fits CHECK (
           (state IN ('submitting', 'pending', 'expired', 'cancelled') AND since_at IS NULL AND took_fils IS NULL)
        OR (state = 'unknown' AND since_at IS NOT NULL AND took_fils IS NULL)
        OR (state = 'paid' AND provider_reference IS NOT NULL AND took_fils IS NULL)
        OR (state = 'declined' AND reason IS NOT NULL AND took_fils IS NULL)
        OR (state = 'mismatched' AND provider_reference IS NOT NULL AND took_fils IS NOT NULL));

-- Work is about attempts and refunds.
ALTER TABLE work DROP CONSTRAINT work_of_an_attempt;
ALTER TABLE work RENAME COLUMN attempt_id TO work_id;
ALTER TABLE work
    DROP CONSTRAINT work_kind_known,
    ADD CONSTRAINT work_kind_known CHECK (kind IN ('initiate', 'inquire', 'reverse', 'refund', 'inquire_refund'));

CREATE TABLE payer_credit (
    credit_id      uuid        NOT NULL,
    agency_id      text        NOT NULL,
    payment_id     uuid,
    bill_reference text        NOT NULL,
    source         text        NOT NULL,
    amount_fils    bigint      NOT NULL,
    reserved_fils  bigint      NOT NULL,
    used_fils      bigint      NOT NULL,
    created_at     timestamptz NOT NULL,
    version        bigint      NOT NULL,
    CONSTRAINT payer_credit_pkey PRIMARY KEY (credit_id),
    CONSTRAINT payer_credit_source_once UNIQUE (source),
    CONSTRAINT payer_credit_within_amount CHECK (
        amount_fils > 0 AND reserved_fils >= 0 AND used_fils >= 0 AND reserved_fils + used_fils <= amount_fils)
);
CREATE INDEX payer_credit_by_bill ON payer_credit (bill_reference);

CREATE TABLE refund (
    refund_id          uuid        NOT NULL,
    agency_id          text        NOT NULL,
    bill_reference     text        NOT NULL,
    payment_id         uuid,
    invoice_id         uuid,
    credit_id          uuid,
    parts              jsonb       NOT NULL,
    amount_fils        bigint      NOT NULL,
    provider           text,
    attempt_id         uuid,
    charge_reference   text,
    iban               text,
    reason             text        NOT NULL,
    requested_by       text        NOT NULL,
    decided_by         text,
    doubts             integer     NOT NULL,
    state              text        NOT NULL,
    since_at           timestamptz,
    provider_reference text,
    failure            text,
    created_at         timestamptz NOT NULL,
    version            bigint      NOT NULL,
    CONSTRAINT refund_pkey PRIMARY KEY (refund_id),
    CONSTRAINT refund_of_a_payment FOREIGN KEY (payment_id) REFERENCES payment (payment_id),
    CONSTRAINT refund_of_a_credit FOREIGN KEY (credit_id) REFERENCES payer_credit (credit_id),
    CONSTRAINT refund_of_one_thing CHECK (
        (payment_id IS NOT NULL AND invoice_id IS NOT NULL) <> (credit_id IS NOT NULL)),
    CONSTRAINT refund_to_one_place CHECK (
        (provider IS NOT NULL AND attempt_id IS NOT NULL AND charge_reference IS NOT NULL) <> (iban IS NOT NULL)),
    CONSTRAINT refund_amount CHECK (amount_fils > 0),
    CONSTRAINT refund_state_fits CHECK (
           (state = 'requested' AND decided_by IS NULL AND provider_reference IS NULL AND failure IS NULL)
        OR (state IN ('approved', 'rejected', 'submitted') AND decided_by IS NOT NULL AND provider_reference IS NULL)
        OR (state = 'unknown' AND decided_by IS NOT NULL AND since_at IS NOT NULL)
        OR (state = 'succeeded' AND decided_by IS NOT NULL AND provider_reference IS NOT NULL)
        OR (state = 'failed' AND decided_by IS NOT NULL AND failure IS NOT NULL))
);
CREATE INDEX refund_by_payment ON refund (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX refund_by_agency ON refund (agency_id, created_at);

CREATE TABLE dispute (
    dispute_id         uuid        NOT NULL,
    agency_id          text        NOT NULL,
    payment_id         uuid        NOT NULL,
    invoice_id         uuid        NOT NULL,
    bill_reference     text        NOT NULL,
    provider           text        NOT NULL,
    provider_reference text        NOT NULL,
    amount_fils        bigint      NOT NULL,
    parts              jsonb       NOT NULL,
    reason             text        NOT NULL,
    opened_by          text        NOT NULL,
    decided_by         text,
    state              text        NOT NULL,
    created_at         timestamptz NOT NULL,
    version            bigint      NOT NULL,
    CONSTRAINT dispute_pkey PRIMARY KEY (dispute_id),
    CONSTRAINT dispute_of_a_payment FOREIGN KEY (payment_id) REFERENCES payment (payment_id),
    CONSTRAINT dispute_once UNIQUE (provider, provider_reference),
    CONSTRAINT dispute_amount CHECK (amount_fils > 0),
    CONSTRAINT dispute_state_fits CHECK (
        (state = 'opened' AND decided_by IS NULL) OR (state IN ('won', 'lost') AND decided_by IS NOT NULL))
);
CREATE INDEX dispute_by_payment ON dispute (payment_id);

CREATE TABLE adjustment (
    adjustment_id  uuid        NOT NULL,
    agency_id      text        NOT NULL,
    kind           text        NOT NULL,
    debit_account  text,
    credit_account text,
    amount_fils    bigint,
    invoice_id     uuid,
    bill_reference text        NOT NULL,
    reason         text        NOT NULL,
    case_id        uuid,
    requested_by   text        NOT NULL,
    decided_by     text,
    state          text        NOT NULL,
    created_at     timestamptz NOT NULL,
    version        bigint      NOT NULL,
    CONSTRAINT adjustment_pkey PRIMARY KEY (adjustment_id),
    CONSTRAINT adjustment_kind_fits CHECK (
           (kind = 'move' AND debit_account IS NOT NULL AND credit_account IS NOT NULL AND amount_fils > 0)
        OR (kind = 'write_off' AND invoice_id IS NOT NULL)),
    -- Four eyes, also against whoever writes to the table by hand.
    CONSTRAINT adjustment_by_two_persons CHECK (
           (state = 'requested' AND decided_by IS NULL)
        OR (state = 'done' AND decided_by IS NOT NULL AND decided_by <> requested_by)
        OR (state = 'rejected' AND decided_by IS NOT NULL))
);

ALTER TABLE open_case
    DROP CONSTRAINT open_case_kind_known,
    ADD CONSTRAINT open_case_kind_known CHECK (kind IN ('second_payment', 'amount_mismatch', 'cash_unknown_bill',
        'cash_unknown_session', 'cash_uncommitted', 'contradiction', 'unknown_outcome', 'device_quarantined',
        'chargeback'));
