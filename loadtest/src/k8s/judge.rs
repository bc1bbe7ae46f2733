//! What payers were told, against the books and against the provider's own book.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use sqlx::{Connection as _, PgConnection};

use super::{Site, until};
use crate::demo;
use crate::report::{Report, say};
use crate::stack::{Layout, mizan};

/// Until nothing is under way any more.
const QUIET_WITHIN: Duration = Duration::from_mins(2);

/// A callback that comes again, about an attempt that has ended, is followed too; if the provider is silent at that moment, it
/// is asked in ten minutes. The books and the provider's book are compared without waiting for that.
const UNDER_WAY: &str = "
    SELECT (SELECT count(*) FROM work) - later AS calls, later,
           (SELECT count(*) FROM outbox WHERE published_at IS NULL) AS events
      FROM (SELECT count(*) AS later FROM work JOIN attempt ON attempt_id = work_id
             WHERE kind = 'inquire' AND hints = hints_seen AND claimed_until IS NULL
               AND state IN ('paid', 'declined', 'expired', 'cancelled', 'mismatched')) AS ended";

#[derive(Debug, sqlx::FromRow)]
struct UnderWay {
    calls: i64,
    later: i64,
    events: i64,
}

#[derive(Debug, sqlx::FromRow)]
struct Booked {
    payment_id: String,
    bill_reference: String,
    state: String,
    amount_fils: i64,
    attempt_id: String,
    /// Another sum than asked that the provider took, which waits in suspense with its case.
    in_suspense_fils: Option<i64>,
}

/// Compares everything that was heard since the installation.
///
/// # Errors
/// The books or the provider's book cannot be read.
pub async fn run(site: &Site, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("The books after all that");
    let url = site.layout.database_url(&Layout::database("payments"));
    let quiet = until(QUIET_WITHIN, async || {
        let under_way: UnderWay =
            sqlx::query_as(UNDER_WAY).fetch_one(&mut PgConnection::connect(&url).await?).await?;
        ensure!(under_way.calls == 0 && under_way.events == 0, "{under_way:?}");
        Ok(under_way)
    });
    if let Some((under_way, _)) = report.done("no call and no event is under way any more", quiet.await) {
        say(format!("         {} answered attempts are asked about once more, later", under_way.later));
    }
    let verified = mizan(&site.layout, &["ledger", "verify"]);
    report
        .done("every journal balances, balances are their entries, chains are whole (L1-L3, L12)", verified);

    let mut db = PgConnection::connect(&url).await?;
    let booked: Vec<Booked> = sqlx::query_as(
        "SELECT payment.payment_id::text, payment.bill_reference, payment.state, payment.amount_fils, attempt_id::text,
                open_case.amount_fils AS in_suspense_fils
           FROM payment JOIN attempt USING (attempt_id)
                LEFT JOIN open_case ON open_case.kind = 'amount_mismatch' AND source = 'attempt:' || attempt_id
                                   AND attempt.state = 'mismatched' AND payment.state = 'failed'
          WHERE payment.kind = 'collected'",
    )
    .fetch_all(&mut db)
    .await?;
    let mut taken = BTreeMap::new();
    for charge in site.demo.world.charges().await? {
        let fils = charge["taken_fils"].as_i64().context("what the provider took")?;
        if fils > 0 {
            let reference = charge["reference"].as_str().context("our reference")?.to_lowercase();
            taken.insert(reference.trim_start_matches("pi-").to_owned(), fils);
        }
    }
    told_and_booked(site, &booked, report);
    booked_and_taken(&booked, taken, report);
    agencies_told(site, report).await;
    Ok(())
}

/// What waited while NATS, `notifications` or the way to the agency was away has come in the end.
async fn agencies_told(site: &Site, report: &mut Report) {
    let mut paid: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for told in site.payers.told.iter().filter(|told| told.captured()) {
        paid.entry(&told.bill.agency).or_default().insert(&told.bill.bill_reference);
    }
    for (agency, bills) in paid {
        let heard = until(QUIET_WITHIN, async || {
            let heard = demo::bills_told_to(&site.demo, agency).await?;
            let missing = bills.iter().filter(|bill| !heard.contains(**bill)).count();
            ensure!(missing == 0, "of {missing} the agency has not heard");
            Ok(())
        });
        let what =
            format!("{agency}'s endpoint was told of each of its {} acknowledged payments", bills.len());
        report.done(&what, heard.await);
    }
}

/// L4: each acknowledged payment stands in the books once, with its sum; a bill is paid once.
fn told_and_booked(site: &Site, booked: &[Booked], report: &mut Report) {
    let by_id: BTreeMap<&str, &Booked> = booked.iter().map(|row| (row.payment_id.as_str(), row)).collect();
    let mut wrong = Vec::new();
    for told in site.payers.told.iter().filter(|told| told.captured()) {
        match told.payment_id.as_deref().and_then(|id| by_id.get(id)) {
            None => wrong.push(format!("acknowledged and not in the books: {told:?}")),
            Some(row) if row.state != "captured" || row.amount_fils != told.bill.total_fils => {
                wrong.push(format!("told {told:?}, booked {row:?}"));
            }
            Some(_) => {}
        }
    }
    let acknowledged = site.payers.told.iter().filter(|told| told.captured()).count();
    report.nothing_wrong(
        &format!("{acknowledged} acknowledged payments are in the books as told (L4)"),
        &wrong,
    );
    let mut seen = BTreeSet::new();
    let twice: Vec<String> = booked
        .iter()
        .filter(|row| row.state == "captured" && !seen.insert(row.bill_reference.as_str()))
        .map(|row| format!("{row:?}"))
        .collect();
    report.nothing_wrong("no bill was paid twice", &twice);
}

/// L5 and L6: each charge of the provider is one captured payment, and there is no other.
fn booked_and_taken(booked: &[Booked], mut taken: BTreeMap<String, i64>, report: &mut Report) {
    let charges = taken.len();
    let mut wrong = Vec::new();
    for row in booked.iter().filter(|row| matches!(row.state.as_str(), "captured" | "late")) {
        match taken.remove(&row.attempt_id) {
            None => wrong.push(format!("captured, and the provider took nothing: {row:?}")),
            Some(fils) if fils != row.amount_fils => wrong.push(format!("the provider took {fils}: {row:?}")),
            Some(_) => {}
        }
    }
    report
        .nothing_wrong(&format!("each capture has its charge among {charges} of the provider (L6)"), &wrong);
    let in_suspense: BTreeMap<&str, i64> =
        booked.iter().filter_map(|row| Some((row.attempt_id.as_str(), row.in_suspense_fils?))).collect();
    let lost: Vec<String> = taken
        .into_iter()
        .filter(|(attempt, fils)| in_suspense.get(attempt.as_str()) != Some(fils))
        .map(|(attempt, fils)| format!("the provider took {fils} fils for attempt {attempt}"))
        .collect();
    report.nothing_wrong("each charge of the provider is captured, or in suspense with its case (L5)", &lost);
}
