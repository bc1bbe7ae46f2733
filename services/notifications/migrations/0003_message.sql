-- Messages to people, each sent at least once. `next_at`: when a pending one is due, or until when one sender has it.
CREATE TABLE message (
    message_id     uuid        NOT NULL, -- the Message-ID: a resend is recognised by it
    contact_id     uuid        NOT NULL,
    template       text        NOT NULL,
    payment_id     uuid        NOT NULL,
    agency_id      text        NOT NULL,
    receipt_number text        NOT NULL,
    bill_reference text        NOT NULL,
    amount_fils    bigint      NOT NULL,
    paid_at        timestamptz NOT NULL,
    traceparent    text,
    state          text        NOT NULL,
    next_at        timestamptz,
    ended_at       timestamptz,
    tries          integer     NOT NULL,
    last_answer    integer     NOT NULL, -- SMTP code, 0 when none came
    version        bigint      NOT NULL,
    created_at     timestamptz NOT NULL,
    CONSTRAINT message_pkey PRIMARY KEY (message_id),
    CONSTRAINT message_of_a_contact FOREIGN KEY (contact_id) REFERENCES contact (contact_id),
    CONSTRAINT message_once UNIQUE (payment_id, template, contact_id),
    CONSTRAINT message_template_is_known CHECK (template IN ('receipt')),
    CONSTRAINT message_state_is_known CHECK (state IN ('pending', 'sending', 'delivered', 'failed')),
    CONSTRAINT message_open_has_a_next CHECK ((state IN ('pending', 'sending')) = (next_at IS NOT NULL)),
    CONSTRAINT message_ended_has_an_end CHECK ((state IN ('delivered', 'failed')) = (ended_at IS NOT NULL))
);
CREATE INDEX message_due ON message (next_at) WHERE next_at IS NOT NULL;
