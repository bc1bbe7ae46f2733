-- A file of any length is received in pieces, judged in parts of some thousand rows, and issued part by part: nobody holds it whole
-- in memory, and who takes up the work of a process that died sees how far it came.

-- The bytes of a file as they arrive, sealed with its key. Gone as soon as its rows are judged.
CREATE TABLE upload_piece (
    upload_id   uuid        NOT NULL,
    number      int         NOT NULL,
    sealed      bytea       NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT upload_piece_pkey PRIMARY KEY (upload_id, number)
);
CREATE INDEX upload_piece_by_age ON upload_piece (received_at);
-- What is sealed does not compress.
ALTER TABLE upload_piece ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- Rows in the order of the file: their cells and, of valid ones, the bill to be. Card numbers are taken out before. The references
-- of valid rows stand beside them, so that one used since can be found.
CREATE TABLE upload_part (
    upload_id   uuid    NOT NULL,
    number      int     NOT NULL,
    "references" text[] NOT NULL,
    sealed      bytea   NOT NULL,
    issued      boolean NOT NULL,
    CONSTRAINT upload_part_pkey PRIMARY KEY (upload_id, number),
    CONSTRAINT upload_part_of_upload FOREIGN KEY (upload_id) REFERENCES upload
);
ALTER TABLE upload_part ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- A file that waited to be issued has its rows in the old form; it is sent again.
DELETE FROM upload_error USING upload WHERE upload.upload_id = upload_error.upload_id AND upload.state = 'checked';
DROP TABLE upload_row;
DELETE FROM upload WHERE state = 'checked';
UPDATE upload SET wrapped_key = '';

ALTER TABLE upload
    DROP COLUMN sheet_sealed,
    -- The clerk's own column names.
    ADD COLUMN headers       text[] NOT NULL DEFAULT '{}',
    ADD COLUMN judged_count  int    NOT NULL DEFAULT 0,
    -- Who works on it, until when nobody else may.
    ADD COLUMN worker        uuid,
    ADD COLUMN worker_until  timestamptz,
    DROP CONSTRAINT upload_state_known,
    DROP CONSTRAINT upload_issued_all_valid,
    ADD CONSTRAINT upload_state_known CHECK (state IN ('checking', 'checked', 'issuing', 'issued')),
    ADD CONSTRAINT upload_issued_fits CHECK (
        CASE state
            WHEN 'issuing' THEN issued_count BETWEEN 0 AND valid_count
            WHEN 'issued' THEN issued_count = valid_count
            ELSE issued_count = 0
        END
    );
UPDATE upload SET judged_count = row_count;
ALTER TABLE upload ADD CONSTRAINT upload_judged CHECK (CASE state WHEN 'checking' THEN judged_count <= row_count ELSE judged_count = row_count END);
CREATE INDEX upload_at_work ON upload (created_at) WHERE state IN ('checking', 'issuing');
