-- What a next version could bring: a column that the version before does not know, and an index on it.
ALTER TABLE payment ADD COLUMN rehearsed_on date;
CREATE INDEX payment_rehearsed_on ON payment (rehearsed_on) WHERE rehearsed_on IS NOT NULL;
