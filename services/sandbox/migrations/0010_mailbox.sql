-- The mail server's book: what arrived, one row a receiver. A second copy of the same Message-ID is counted, not kept, as
-- mailboxes do.
CREATE TABLE mail (
    mail_id     uuid        NOT NULL,
    receiver    text        NOT NULL, -- lower case
    sender      text        NOT NULL,
    message_id  text        NOT NULL,
    raw         bytea       NOT NULL,
    copies      integer     NOT NULL DEFAULT 1,
    received_at timestamptz NOT NULL,
    CONSTRAINT mail_pkey PRIMARY KEY (mail_id),
    CONSTRAINT mail_once UNIQUE (receiver, message_id),
    CONSTRAINT mail_came CHECK (copies >= 1)
);

-- The mail server's troubles: the next mails are answered with a code and not kept.
CREATE TABLE mail_fault (
    one_row boolean NOT NULL DEFAULT true,
    times   integer NOT NULL DEFAULT 0,
    code    integer NOT NULL DEFAULT 451,
    CONSTRAINT mail_fault_pkey PRIMARY KEY (one_row),
    CONSTRAINT mail_fault_one_row CHECK (one_row),
    CONSTRAINT mail_fault_counts_down CHECK (times >= 0),
    CONSTRAINT mail_fault_is_a_refusal CHECK (code BETWEEN 400 AND 599)
);
INSERT INTO mail_fault DEFAULT VALUES;

-- What agencies' webhook servers were told, and what they answered.
CREATE TABLE hook_call (
    call_id     uuid        NOT NULL,
    name        text        NOT NULL,
    headers     jsonb       NOT NULL,
    body        text        NOT NULL,
    answered    integer     NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT hook_call_pkey PRIMARY KEY (call_id)
);
CREATE INDEX hook_call_of_name ON hook_call (name, call_id);

-- A server that answers its next calls with an error.
CREATE TABLE hook_fault (
    name   text    NOT NULL,
    times  integer NOT NULL,
    status integer NOT NULL,
    CONSTRAINT hook_fault_pkey PRIMARY KEY (name),
    CONSTRAINT hook_fault_counts_down CHECK (times >= 0),
    CONSTRAINT hook_fault_is_a_status CHECK (status BETWEEN 200 AND 599)
);
