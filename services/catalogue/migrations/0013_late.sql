-- What a bill costs more when it is paid late.

ALTER TABLE fee_schedule
    -- {"grace_days": 30, "adds": {"basis_points": 500}, "again": {"every_days": 30, "maximum_fils": 50000}, "legal_reference": "…"}
    ADD COLUMN late jsonb;
ALTER TABLE fee_draft
    ADD COLUMN late jsonb;
