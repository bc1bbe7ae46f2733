-- Who has seen or erased what is kept about a person. Kept when the person is erased: it names them by party_ref alone.

CREATE TABLE access_log (
    agency_id text        NOT NULL,
    party_ref uuid        NOT NULL,
    actor     text        NOT NULL,
    what      text        NOT NULL,
    reason    text        NOT NULL,
    at        timestamptz NOT NULL,
    CONSTRAINT access_log_of_party FOREIGN KEY (party_ref) REFERENCES party,
    CONSTRAINT access_log_what CHECK (what IN ('export', 'print', 'erase'))
);
CREATE INDEX access_log_by_party ON access_log (party_ref, at);

CREATE FUNCTION access_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'who has looked stays written';
END $$;
CREATE TRIGGER access_log_stays BEFORE UPDATE OR DELETE ON access_log
    FOR EACH ROW EXECUTE FUNCTION access_log_stays();
CREATE TRIGGER access_log_stays_whole BEFORE TRUNCATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION access_log_stays();

CREATE INDEX invoice_by_party ON invoice (party_ref, year, number);
CREATE INDEX upload_with_sheet ON upload (created_at) WHERE wrapped_key <> '';
