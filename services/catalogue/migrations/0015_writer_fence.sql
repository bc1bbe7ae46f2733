-- The largest number that a leader among several writers has written with: who leads no more writes no more.
CREATE TABLE writer_fence (
    writer text PRIMARY KEY CONSTRAINT writer_fence_writer CHECK (length(writer) BETWEEN 1 AND 200),
    fence  bigint NOT NULL CONSTRAINT writer_fence_fence CHECK (fence > 0)
);
