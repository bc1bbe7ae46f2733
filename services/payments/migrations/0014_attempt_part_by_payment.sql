-- What is asked about a payment asks for its attempts: without it each look reads every attempt there ever was.
CREATE INDEX attempt_part_by_payment ON attempt_part (payment_id);
