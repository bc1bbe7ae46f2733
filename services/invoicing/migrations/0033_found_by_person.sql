-- A payer asks for the bills of a person over all agencies: the parties of a nation are not read for it.
CREATE INDEX IF NOT EXISTS party_by_person ON party (cpr_index);
-- Each miss that is noted forgets those that are old.
CREATE INDEX IF NOT EXISTS finding_miss_by_time ON finding_miss (at);
