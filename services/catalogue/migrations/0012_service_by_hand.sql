-- A service that somebody puts by hand has no date of the programme and, until its first fee is published, no schedule; that
-- first fee may have a first day.

ALTER TABLE fee_service
    ALTER COLUMN electronic_only DROP NOT NULL,
    ALTER COLUMN electronic_only_from DROP NOT NULL,
    ADD CONSTRAINT fee_service_programme CHECK ((electronic_only IS NULL) = (electronic_only_from IS NULL));
ALTER TABLE fee_schedule
    DROP CONSTRAINT fee_schedule_first,
    ADD CONSTRAINT fee_schedule_first CHECK (version = 1 OR (version > 1 AND valid_from IS NOT NULL));
