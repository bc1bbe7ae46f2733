-- A charge remembers what went back of it: never more than was taken, and nothing of one that was not paid. A reversed
-- reference can never be paid; the provider may hear of it only by the reversal, so it may have no amount.
ALTER TABLE charge
    ADD COLUMN refunded_fils bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT charge_state_is_known,
    ADD CONSTRAINT charge_state_is_known CHECK (state IN ('created', 'paid', 'declined', 'expired', 'reversed')),
    DROP CONSTRAINT charge_amounts_are_positive,
    ADD CONSTRAINT charge_amounts_are_positive CHECK (
        (asked_fils > 0 AND amount_fils > 0)
        OR (state = 'reversed' AND asked_fils = 0 AND amount_fils = 0)
    ),
    ADD CONSTRAINT charge_gives_back_what_it_took CHECK (refunded_fils BETWEEN 0 AND amount_fils),
    ADD CONSTRAINT charge_gives_back_when_paid CHECK (refunded_fils = 0 OR state = 'paid');

-- What merchants asked to give back, also what was refused: the same reference gets the same answer for ever.
CREATE TABLE wallet_refund (
    reference          text        NOT NULL, -- the merchant's, one refund each
    refund_id          text        NOT NULL, -- the provider's own
    original_reference text        NOT NULL, -- the charge as the merchant named it
    asked_fils         bigint      NOT NULL,
    given_fils         bigint      NOT NULL, -- what really went back
    state              text        NOT NULL,
    reason             text,                 -- why it was refused
    fault              text,                 -- what this refund was told to do wrong
    delay_ms           bigint      NOT NULL DEFAULT 0,
    created_at         timestamptz NOT NULL,
    applied_at         timestamptz,          -- when the money moved
    -- Money goes back only to a charge of this book.
    charge_reference   text GENERATED ALWAYS AS (CASE WHEN state = 'refunded' THEN original_reference END) STORED,
    CONSTRAINT wallet_refund_pkey PRIMARY KEY (reference),
    CONSTRAINT wallet_refund_refund_id_once UNIQUE (refund_id),
    CONSTRAINT wallet_refund_of_a_charge FOREIGN KEY (charge_reference) REFERENCES charge (reference),
    CONSTRAINT wallet_refund_asks_for_something CHECK (asked_fils > 0),
    CONSTRAINT wallet_refund_state_is_known CHECK (state IN ('refunded', 'declined')),
    CONSTRAINT wallet_refund_refunded_gives CHECK (
        (state = 'refunded') = (given_fils > 0) AND (state = 'refunded') = (applied_at IS NOT NULL) AND given_fils >= 0
    ),
    CONSTRAINT wallet_refund_declined_says_why CHECK ((state = 'declined') = (reason IS NOT NULL))
);
CREATE INDEX wallet_refund_of_charge ON wallet_refund (charge_reference) WHERE charge_reference IS NOT NULL;

-- A fault waits for the next charge of a bill, or for the next refund of one of its charges.
ALTER TABLE armed_fault
    ADD COLUMN operation text NOT NULL DEFAULT 'charge',
    DROP CONSTRAINT armed_fault_pkey,
    ADD CONSTRAINT armed_fault_pkey PRIMARY KEY (bill_reference, operation),
    ADD CONSTRAINT armed_fault_operation_is_known CHECK (operation IN ('charge', 'refund'));
ALTER TABLE armed_fault ALTER COLUMN operation DROP DEFAULT;
