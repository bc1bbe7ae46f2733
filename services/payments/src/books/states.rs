//! Whether the states of bills, payments, refunds, disputes and credits say what the entries say.

use pg::Tx;

use crate::Error;

/// What is paid on a bill, less what went back, is what its beneficiaries were credited.
pub(super) async fn bills(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query!(
        r#"WITH applied AS (
               SELECT invoice_id, -sum(amount_fils)::bigint AS fils
                 FROM entry JOIN journal USING (journal_id)
                WHERE account LIKE 'agency\_payable:%' OR account LIKE 'beneficiary\_payable:%'
                GROUP BY invoice_id)
           SELECT bill_reference AS "bill_reference?", coalesce(paid_fils - returned_fils, 0) AS "paid!",
                  coalesce(fils, 0) AS "applied!"
             FROM receivable FULL JOIN applied USING (invoice_id)
            WHERE coalesce(paid_fils - returned_fils, 0) <> coalesce(fils, 0)
              AND (invoice_id IS NOT NULL OR bill_reference IS NOT NULL)
            ORDER BY 1 LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|row| {
        let bill = row.bill_reference.unwrap_or_else(|| "(no bill)".to_owned());
        format!("bill {bill}: {} fils paid and kept, {} applied", row.paid, row.applied)
    }))
}

/// The shares of a bill sum to it, and each beneficiary has what his share says.
pub(super) async fn shares(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query_scalar!(
        r#"WITH share AS (
               SELECT invoice_id, bill_reference, due_fils, paid_fils, returned_fils, one.due, one.paid, one.returned,
                      CASE WHEN one.agency THEN 'agency_payable:' ELSE 'beneficiary_payable:' END || one."to" AS account
                 FROM receivable,
                      jsonb_to_recordset(shares)
                        AS one ("to" text, agency boolean, due bigint, paid bigint, returned bigint)),
           wrong AS (
               SELECT bill_reference FROM share
                GROUP BY bill_reference, due_fils, paid_fils, returned_fils
               HAVING (sum(due), sum(paid), sum(returned)) IS DISTINCT FROM
                      (due_fils::numeric, paid_fils::numeric, returned_fils::numeric)
                UNION ALL
               SELECT bill_reference FROM share
                WHERE paid - returned IS DISTINCT FROM (
                      SELECT coalesce(-sum(amount_fils), 0) FROM journal JOIN entry USING (journal_id)
                       WHERE journal.invoice_id = share.invoice_id AND entry.account = share.account))
           SELECT bill_reference AS "bill_reference!" FROM wrong ORDER BY 1 LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|bill| format!("bill {bill}")))
}

/// The money of a payment came in by its own journal, and its credit with it.
pub(super) async fn payments(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query!(
        r#"SELECT payment.payment_id, payment.amount_fils, payment.credited_fils,
                  coalesce(sum(entry.amount_fils) FILTER (WHERE entry.amount_fils > 0), 0)::bigint AS "booked!"
             FROM payment
             LEFT JOIN journal ON journal.payment_id = payment.payment_id
                  AND journal.kind IN ('cash_committed', 'wallet_captured', 'wallet_late', 'payment_recorded')
             LEFT JOIN entry USING (journal_id)
            WHERE payment.state IN ('captured', 'partially_refunded', 'refunded', 'late')
            GROUP BY payment.payment_id
           HAVING coalesce(sum(entry.amount_fils) FILTER (WHERE entry.amount_fils > 0), 0) <> payment.amount_fils
               OR coalesce(-sum(entry.amount_fils) FILTER (WHERE account = 'payer_credit'), 0) <> payment.credited_fils
            ORDER BY payment.payment_id LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|row| {
        format!(
            "payment {}: {} fils ({} credited), {} booked",
            row.payment_id, row.amount_fils, row.credited_fils, row.booked
        )
    }))
}

/// No journal moves money for a payment that has none.
pub(super) async fn strangers(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query!(
        r#"SELECT journal_id, payment_id AS "payment_id!"
             FROM journal LEFT JOIN payment USING (payment_id)
            WHERE payment_id IS NOT NULL
              AND NOT pending
              AND (state IS NULL
                   OR state NOT IN ('captured', 'partially_refunded', 'refunded', 'late')
                      AND NOT (state = 'failed' AND failure = 'amount_mismatch'))
            ORDER BY journal_id LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|row| format!("journal {} of payment {}", row.journal_id, row.payment_id)))
}

/// What is pending of a payment is what a provider holds for it, and nothing else is pending.
pub(super) async fn held(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query!(
        r#"WITH held AS (
               SELECT attempt_part.payment_id, sum(attempt_part.amount_fils) AS fils
                 FROM attempt JOIN attempt_part USING (attempt_id)
                WHERE state IN ('authorised', 'capturing')
                GROUP BY attempt_part.payment_id),
           booked AS (
               SELECT payment_id, sum(amount_fils) FILTER (WHERE account LIKE 'provider_clearing:%') AS fils
                 FROM journal JOIN any_entry USING (journal_id)
                WHERE journal.pending
                GROUP BY payment_id)
           SELECT payment_id, coalesce(held.fils, 0)::bigint AS "held!", coalesce(booked.fils, 0)::bigint AS "booked!"
             FROM held FULL JOIN booked USING (payment_id)
            WHERE coalesce(held.fils, 0) <> coalesce(booked.fils, 0)
            ORDER BY payment_id LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|row| {
        let payment = row.payment_id.map(|id| id.to_string()).unwrap_or_default();
        format!("payment {payment}: {} fils held, {} pending", row.held, row.booked)
    }))
}

/// Every late payment has its case.
pub(super) async fn late(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query_scalar!(
        "SELECT payment.payment_id
           FROM payment LEFT JOIN open_case USING (payment_id)
          WHERE state = 'late'
          GROUP BY payment.payment_id
         HAVING count(open_case.case_id) = 0
          ORDER BY payment.payment_id LIMIT 1"
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|id| format!("payment {id}")))
}

/// What of a payment goes back is what its refunds and disputes say.
pub(super) async fn back(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query_scalar!(
        r#"WITH refunds AS (
               SELECT payment_id,
                      sum(amount_fils) FILTER (WHERE state IN ('requested', 'approved', 'submitted', 'unknown')) AS open,
                      sum(amount_fils) FILTER (WHERE state = 'succeeded') AS done
                 FROM refund GROUP BY payment_id),
           disputes AS (
               SELECT payment_id, sum(amount_fils) FILTER (WHERE state = 'opened') AS open,
                      sum(amount_fils) FILTER (WHERE state = 'lost') AS lost
                 FROM dispute GROUP BY payment_id)
           SELECT payment_id
             FROM payment LEFT JOIN refunds USING (payment_id) LEFT JOIN disputes USING (payment_id)
            WHERE (refunding_fils::numeric, refunded_fils::numeric, disputed_fils::numeric, charged_back_fils::numeric)
                  IS DISTINCT FROM (coalesce(refunds.open, 0), coalesce(refunds.done, 0), coalesce(disputes.open, 0),
                                    coalesce(disputes.lost, 0))
            ORDER BY payment_id LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|id| format!("payment {id}")))
}

/// What we owe payers stands in the accounts as it stands in credits, refunds and disputes.
pub(super) async fn owed(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query!(
        r#"WITH said (account, fils) AS (
               SELECT 'payer_credit', coalesce(sum(amount_fils - reserved_fils - used_fils), 0) FROM payer_credit
                UNION ALL
               SELECT 'refunds_payable', coalesce(sum(amount_fils), 0) FROM refund
                WHERE state IN ('requested', 'approved', 'submitted', 'unknown')
                UNION ALL
               SELECT 'disputed', coalesce(sum(amount_fils), 0) FROM dispute WHERE state = 'opened')
           SELECT account AS "account!", fils::bigint AS "said!", coalesce(-sum(amount_fils), 0)::bigint AS "booked!"
             FROM said LEFT JOIN entry USING (account)
            GROUP BY account, fils
           HAVING fils <> coalesce(-sum(amount_fils), 0)
            ORDER BY account LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|row| format!("{}: {} fils owed, {} booked", row.account, row.said, row.booked)))
}
