-- Identifiers are compared byte by byte: they are ASCII and stand in no dictionary. The rules of a language cost a payment's
-- six text indexes more than the comparison itself, and change with the operating system's library under a built index.
ALTER TABLE receivable
    ALTER COLUMN bill_reference TYPE text COLLATE "C";
ALTER TABLE payment
    ALTER COLUMN receipt_number     TYPE text COLLATE "C",
    ALTER COLUMN provider           TYPE text COLLATE "C",
    ALTER COLUMN provider_reference TYPE text COLLATE "C";
ALTER TABLE journal
    ALTER COLUMN source TYPE text COLLATE "C";
ALTER TABLE idempotency
    ALTER COLUMN scope TYPE text COLLATE "C",
    ALTER COLUMN key   TYPE text COLLATE "C";
ALTER TABLE balance
    ALTER COLUMN account TYPE text COLLATE "C";
