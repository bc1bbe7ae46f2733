-- A business day that is over is closed: which batches were its own, and what every account stood at. Payments go on meanwhile.
CREATE TABLE day_close (
    business_date date        NOT NULL,
    closed_at     timestamptz NOT NULL,
    batches       bigint      NOT NULL,
    journals      bigint      NOT NULL,
    debit_fils    bigint      NOT NULL, -- posted on the day
    CONSTRAINT day_close_pkey PRIMARY KEY (business_date)
);
-- The part of a lane's chain that is the day's; none when `last_seq` is the number before `first_seq`.
CREATE TABLE day_close_lane (
    business_date date    NOT NULL,
    lane          integer NOT NULL,
    first_seq     bigint  NOT NULL,
    last_seq      bigint  NOT NULL,
    CONSTRAINT day_close_lane_pkey PRIMARY KEY (business_date, lane),
    CONSTRAINT day_close_lane_of_a_day FOREIGN KEY (business_date) REFERENCES day_close (business_date),
    CONSTRAINT day_close_lane_goes_on CHECK (last_seq >= first_seq - 1)
);
-- What an account stood at: the sums of all that was posted, and was pending, until the day ended.
CREATE TABLE day_close_balance (
    business_date       date   NOT NULL,
    account             text   NOT NULL,
    debit_fils          bigint NOT NULL,
    credit_fils         bigint NOT NULL,
    pending_debit_fils  bigint NOT NULL,
    pending_credit_fils bigint NOT NULL,
    CONSTRAINT day_close_balance_pkey PRIMARY KEY (business_date, account),
    CONSTRAINT day_close_balance_of_a_day FOREIGN KEY (business_date) REFERENCES day_close (business_date)
);
CREATE TRIGGER day_close_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON day_close
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER day_close_lane_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON day_close_lane
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER day_close_balance_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON day_close_balance
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
