-- Evidence: in which trace a payment was started, and in which its money came. By a receipt's number one finds what every service did.
ALTER TABLE payment
    ADD COLUMN started_trace_id  text COLLATE "C",
    ADD COLUMN captured_trace_id text COLLATE "C";
