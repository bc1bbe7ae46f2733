-- Agencies, what they charge for, and every fee schedule that was ever in force.

CREATE TABLE agency (
    agency_id       text        PRIMARY KEY,
    name_en         text        NOT NULL,
    name_ar         text        NOT NULL,
    own_it_system   boolean     NOT NULL,
    revenue_account text        NOT NULL,
    settlement_iban text        NOT NULL,
    changed_at      timestamptz NOT NULL,
    CONSTRAINT agency_id_form CHECK (agency_id ~ '^[A-Z]{2,8}$')
);

CREATE TABLE fee_service (
    agency_id            text        NOT NULL,
    service_code         text        NOT NULL,
    name_en              text        NOT NULL,
    name_ar              text        NOT NULL,
    electronic_only      text        NOT NULL,
    electronic_only_from date        NOT NULL,
    changed_at           timestamptz NOT NULL,
    CONSTRAINT fee_service_pk PRIMARY KEY (agency_id, service_code),
    CONSTRAINT fee_service_agency_fk FOREIGN KEY (agency_id) REFERENCES agency,
    CONSTRAINT fee_service_code_form CHECK (service_code ~ '^[A-Z0-9-]{1,32}$'),
    CONSTRAINT fee_service_electronic_only CHECK (electronic_only IN ('full', 'partly'))
);

-- A version is never changed: what was billed under it stays explained by it.
CREATE TABLE fee_schedule (
    agency_id    text        NOT NULL,
    service_code text        NOT NULL,
    version      integer     NOT NULL,
    fee          text        NOT NULL,
    tax_category text        NOT NULL,
    valid_from   date,
    created_at   timestamptz NOT NULL,
    CONSTRAINT fee_schedule_pk PRIMARY KEY (agency_id, service_code, version),
    CONSTRAINT fee_schedule_service_fk FOREIGN KEY (agency_id, service_code) REFERENCES fee_service,
    CONSTRAINT fee_schedule_tax_category CHECK (tax_category IN ('O', 'S')),
    -- The first one holds for every earlier date too, and only it.
    CONSTRAINT fee_schedule_first CHECK (version >= 1 AND (version = 1) = (valid_from IS NULL))
);

CREATE FUNCTION fee_schedule_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a fee schedule is never changed: add a version';
END $$;
CREATE TRIGGER fee_schedule_stays BEFORE UPDATE OR DELETE ON fee_schedule
    FOR EACH ROW EXECUTE FUNCTION fee_schedule_stays();
CREATE TRIGGER fee_schedule_stays_whole BEFORE TRUNCATE ON fee_schedule
    FOR EACH STATEMENT EXECUTE FUNCTION fee_schedule_stays();

-- One row. Grows with each import that changed something: what is kept in memory is good while it stands still.
CREATE TABLE catalogue_revision (
    only_row boolean PRIMARY KEY DEFAULT true,
    revision bigint  NOT NULL,
    CONSTRAINT catalogue_revision_one CHECK (only_row)
);
INSERT INTO catalogue_revision (revision) VALUES (0);
