-- Which channels a service takes, from which day on, and what is open all the same. Two persons each.

CREATE TABLE channel_policy (
    policy_id    uuid        PRIMARY KEY,
    agency_id    text        NOT NULL,
    service_code text        NOT NULL,
    valid_from   date        NOT NULL,
    channels     text[]      NOT NULL,
    reason       text        NOT NULL,
    proposed_by  text        NOT NULL,
    state        text        NOT NULL,
    decided_by   text,
    announced_at timestamptz,
    created_at   timestamptz NOT NULL,
    version      bigint      NOT NULL,
    CONSTRAINT channel_policy_service_fk FOREIGN KEY (agency_id, service_code) REFERENCES fee_service,
    CONSTRAINT channel_policy_state CHECK (
        (state = 'planned' AND decided_by IS NULL AND announced_at IS NULL)
        OR (state = 'announced' AND decided_by IS NOT NULL AND announced_at IS NOT NULL)
        OR (state = 'withdrawn' AND decided_by IS NOT NULL AND announced_at IS NULL)
    ),
    CONSTRAINT channel_policy_by_two_persons CHECK (state <> 'announced' OR decided_by <> proposed_by),
    CONSTRAINT channel_policy_channels CHECK (
        channels <@ ARRAY['portal', 'wallet', 'card', 'transfer', 'pos', 'kiosk_cash', 'counter_cash']
    ),
    -- The portal's pages take no money by themselves.
    CONSTRAINT channel_policy_leaves_a_channel CHECK (cardinality(array_remove(channels, 'portal')) > 0)
);
CREATE INDEX channel_policy_service ON channel_policy (agency_id, service_code, valid_from);

-- What was announced is what payers were told.
CREATE FUNCTION channel_policy_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.state <> 'planned' THEN
        RAISE EXCEPTION 'a policy that was announced or withdrawn is never changed: propose another one';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER channel_policy_stays BEFORE UPDATE OR DELETE ON channel_policy
    FOR EACH ROW EXECUTE FUNCTION channel_policy_stays();

CREATE TABLE channel_exception (
    channel_exception_id uuid        PRIMARY KEY,
    agency_id            text        NOT NULL,
    service_code         text        NOT NULL,
    channel              text        NOT NULL,
    first_day            date        NOT NULL,
    last_day             date        NOT NULL,
    most_fils            bigint      NOT NULL,
    reason               text        NOT NULL,
    requested_by         text        NOT NULL,
    state                text        NOT NULL,
    decided_by           text,
    ended_by             text,
    created_at           timestamptz NOT NULL,
    version              bigint      NOT NULL,
    CONSTRAINT channel_exception_service_fk FOREIGN KEY (agency_id, service_code) REFERENCES fee_service,
    CONSTRAINT channel_exception_channel CHECK (
        channel IN ('portal', 'wallet', 'card', 'transfer', 'pos', 'kiosk_cash', 'counter_cash')
    ),
    CONSTRAINT channel_exception_days CHECK (last_day >= first_day AND last_day < first_day + 92),
    CONSTRAINT channel_exception_most CHECK (most_fils BETWEEN 1 AND 100000000),
    CONSTRAINT channel_exception_state CHECK (
        state IN ('requested', 'approved', 'rejected', 'ended')
        AND (state = 'requested') = (decided_by IS NULL) AND (state = 'ended') = (ended_by IS NOT NULL)
    ),
    CONSTRAINT channel_exception_by_two_persons CHECK (
        state NOT IN ('approved', 'ended') OR decided_by <> requested_by
    )
);
CREATE INDEX channel_exception_service ON channel_exception (agency_id, service_code);
