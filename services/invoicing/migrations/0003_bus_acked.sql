-- A broker that lost power keeps its store, but not always the last minutes of it: what it acknowledged then is gone.
-- Each service that uses the bus copies this file, unchanged, to a migration NNNN_bus_acked.sql.

ALTER TABLE outbox_stream
    -- The highest place in the store that one of our events was acknowledged at, and that event: a store that ends before
    -- it, or holds something else there, has lost events.
    ADD COLUMN acked_seq   bigint NOT NULL DEFAULT 0,
    ADD COLUMN acked_event uuid,
    -- How often this happened. What was acknowledged before the last time counts for nothing.
    ADD COLUMN losses      bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT outbox_stream_acked CHECK (acked_seq >= 0 AND losses >= 0);
