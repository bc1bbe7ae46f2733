-- Bills in parts, each with a day of its own; and the working days that terms to pay are counted in.

CREATE TABLE calendar (
    revision int         NOT NULL,
    source   text        NOT NULL,
    put_by   text        NOT NULL,
    put_at   timestamptz NOT NULL,
    CONSTRAINT calendar_pkey PRIMARY KEY (revision),
    CONSTRAINT calendar_revision_from_one CHECK (revision >= 1)
);
CREATE TABLE holiday (
    revision int     NOT NULL,
    date     date    NOT NULL,
    name_en  text    NOT NULL,
    name_ar  text    NOT NULL,
    half_day boolean NOT NULL,
    CONSTRAINT holiday_pkey PRIMARY KEY (revision, date),
    CONSTRAINT holiday_of_calendar FOREIGN KEY (revision) REFERENCES calendar
);

CREATE FUNCTION instalments_sum(plan jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT coalesce(sum((part ->> 'due_fils')::bigint), 0) FROM jsonb_array_elements(plan) AS part
$$;

ALTER TABLE invoice
    ADD COLUMN instalments       jsonb NOT NULL DEFAULT '[]',
    -- Of the calendar that the due date was counted by; none: the agency named the day.
    ADD COLUMN calendar_revision int,
    ADD CONSTRAINT invoice_instalments_sum CHECK (instalments = '[]' OR instalments_sum(instalments) = total_fils);
ALTER TABLE invoice_version
    ADD COLUMN instalments       jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN calendar_revision int;
ALTER TABLE amendment
    ADD COLUMN instalments       jsonb,
    ADD COLUMN calendar_revision int;
