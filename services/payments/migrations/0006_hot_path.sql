-- What is written with every payment, made cheap. Measured in docs/performance.md, decided in docs/decisions/0006.

-- The lines of a journal lie in its row: one row and one index entry instead of four. `entry` reads as before.
ALTER TABLE journal
    ADD COLUMN accounts     text[]   NOT NULL DEFAULT '{}',
    ADD COLUMN amounts_fils bigint[] NOT NULL DEFAULT '{}'; -- a debit is positive, a credit negative
ALTER TABLE journal DISABLE TRIGGER journal_append_only;
UPDATE journal
   SET accounts = lines.accounts, amounts_fils = lines.amounts
  FROM (SELECT journal_id, array_agg(account ORDER BY line) AS accounts, array_agg(amount_fils ORDER BY line) AS amounts
          FROM entry GROUP BY journal_id) AS lines
 WHERE lines.journal_id = journal.journal_id;
ALTER TABLE journal ENABLE TRIGGER journal_append_only;
DROP TABLE entry;
DROP FUNCTION refuse_imbalance;
CREATE VIEW entry AS
SELECT journal_id, line::integer, account, amount_fils
  FROM journal, UNNEST(accounts, amounts_fils) WITH ORDINALITY AS lines (account, amount_fils, line);
ALTER TABLE journal
    ALTER COLUMN accounts DROP DEFAULT,
    ALTER COLUMN amounts_fils DROP DEFAULT,
    ADD CONSTRAINT journal_has_lines CHECK (
        cardinality(accounts) >= 2 AND cardinality(accounts) = cardinality(amounts_fils)
        AND array_position(accounts, NULL) IS NULL AND array_position(amounts_fils, NULL) IS NULL
        AND array_position(amounts_fils, 0) IS NULL);
CREATE FUNCTION refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad uuid;
BEGIN
    SELECT journal_id INTO bad FROM added
     WHERE (SELECT sum(amount_fils) FROM UNNEST(amounts_fils) AS lines (amount_fils)) <> 0
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % does not balance', bad
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_balances AFTER INSERT ON journal REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_imbalance();

-- A batch writes these rows and the row they name in one transaction, over rows it has locked; `mizan ledger verify` finds
-- one without the other.
ALTER TABLE journal DROP CONSTRAINT journal_in_a_batch;
ALTER TABLE idempotency DROP CONSTRAINT idempotency_in_a_batch;
ALTER TABLE payment DROP CONSTRAINT payment_of_a_receivable;
-- A seal covers the positions; verification reads a batch at a time, a statement a span of time.
ALTER TABLE journal DROP CONSTRAINT journal_position_once;
CREATE INDEX journal_by_batch ON journal (batch_id);
CREATE INDEX journal_by_time ON journal USING brin (posted_at);
DROP INDEX journal_by_invoice;
-- Keys are forgotten by their age.
CREATE INDEX idempotency_by_age ON idempotency USING brin (created_at);
-- Room for the new version of a row beside the old one: its indexes need not be touched.
ALTER TABLE receivable SET (fillfactor = 70);
ALTER TABLE outbox SET (fillfactor = 80);
ALTER TABLE lane SET (fillfactor = 20);
ALTER TABLE balance SET (fillfactor = 50);
