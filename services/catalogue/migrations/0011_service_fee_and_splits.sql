-- What a bill costs beside the agency's fee, and who receives a part of it.

ALTER TABLE fee_schedule
    -- {"fils": 200, "tax_category": "S", "beneficiary": "MZN"}
    ADD COLUMN service_fee jsonb,
    -- [{"beneficiary": "FUND", "basis_points": 500}, …]
    ADD COLUMN splits      jsonb NOT NULL DEFAULT '[]';
ALTER TABLE fee_draft
    ADD COLUMN service_fee jsonb,
    ADD COLUMN splits      jsonb NOT NULL DEFAULT '[]';
