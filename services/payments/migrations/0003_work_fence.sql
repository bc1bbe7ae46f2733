-- A fence is never given twice, also when an attempt's item was settled and comes back by a hint: who still holds an old one
-- is always told apart.
CREATE SEQUENCE work_fence;
