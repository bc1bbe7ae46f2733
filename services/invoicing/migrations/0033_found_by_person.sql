-- A payer asks for the bills of a person over all agencies: the parties of a nation are not read for it.
CREATE INDEX party_by_person ON party (cpr_index);
-- Each miss that is noted forgets those that are old.
CREATE INDEX finding_miss_by_time ON finding_miss (at);
