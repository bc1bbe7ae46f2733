-- The lines of a price and who gets how much of it:
-- {"lines": [{"kind": "fee", "net_fils": 5000, "tax_category": "O", "vat_percent": "0", "vat_fils": 0}, …],
--  "shares": [{"beneficiary": "TRF", "due_fils": 4000}, …]}
-- Bills of before have neither: they are one line, and all the agency's.

ALTER TABLE upload_row      ADD COLUMN breakdown jsonb NOT NULL DEFAULT '{"lines": [], "shares": []}';
ALTER TABLE invoice         ADD COLUMN breakdown jsonb NOT NULL DEFAULT '{"lines": [], "shares": []}';
ALTER TABLE invoice_version ADD COLUMN breakdown jsonb NOT NULL DEFAULT '{"lines": [], "shares": []}';
ALTER TABLE amendment       ADD COLUMN breakdown jsonb;
