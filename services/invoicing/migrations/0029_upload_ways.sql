-- Files that are issued on a later day, and files that are taken back.

ALTER TABLE upload
    -- The day its bills are issued, once it is confirmed for a later one.
    ADD COLUMN issue_on        date,
    ADD COLUMN withdrawn_count int  NOT NULL DEFAULT 0,
    ADD COLUMN withdrawn_by    text NOT NULL DEFAULT '',
    ADD COLUMN withdrawn_why   text NOT NULL DEFAULT '',
    DROP CONSTRAINT upload_state_known,
    DROP CONSTRAINT upload_issued_fits,
    DROP CONSTRAINT upload_judged,
    DROP CONSTRAINT upload_same_bytes_once,
    ADD CONSTRAINT upload_state_known CHECK (
        state IN ('checking', 'checked', 'scheduled', 'issuing', 'issued', 'withdrawing', 'withdrawn')),
    ADD CONSTRAINT upload_issued_fits CHECK (
        CASE
            WHEN state IN ('issuing', 'withdrawn') THEN issued_count BETWEEN 0 AND valid_count
            WHEN state IN ('issued', 'withdrawing') THEN issued_count = valid_count
            ELSE issued_count = 0
        END),
    ADD CONSTRAINT upload_judged CHECK (
        CASE WHEN state IN ('checking', 'withdrawn') THEN judged_count <= row_count ELSE judged_count = row_count END),
    ADD CONSTRAINT upload_scheduled_has_a_day CHECK (state <> 'scheduled' OR issue_on IS NOT NULL),
    ADD CONSTRAINT upload_withdrawn_fits CHECK (withdrawn_count BETWEEN 0 AND issued_count);
-- What was taken back may be sent again.
CREATE UNIQUE INDEX upload_same_bytes_once ON upload (agency_id, sha256) WHERE state <> 'withdrawn';
DROP INDEX upload_at_work;
CREATE INDEX upload_at_work ON upload (created_at) WHERE state IN ('checking', 'scheduled', 'issuing', 'withdrawing');

-- The earliest due date of its valid rows.
ALTER TABLE upload_part ADD COLUMN earliest_due date;

-- The reference of a bill that was taken back is free again.
ALTER TABLE invoice DROP CONSTRAINT invoice_reference_once;
CREATE UNIQUE INDEX invoice_reference_once ON invoice (agency_id, reference) WHERE state <> 'cancelled';
