//! Invoice numbers have neither gap nor double, whatever dies while they are given out.
use std::time::Duration;

use proto::invoicing::v1 as pb;

use crate::Stack;
use crate::stack::{call, fine};

const ISSUERS: usize = 64;
/// Of one issuer, one after the other.
const EACH: usize = 2;
const TRIES: usize = 200;

impl Stack {
    async fn numbering(&self, year: i32) -> pb::CheckNumberingResponse {
        let request =
            call("TRF", "-").request(pb::CheckNumberingRequest { year, ..Default::default() }).unwrap();
        self.invoices.clone().check_numbering(request).await.unwrap().into_inner()
    }

    /// Ends connections of the service in the middle of what they do; how many.
    async fn crash(&self) -> i64 {
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL";
        let mut tx = self.env.pg.begin().await.unwrap();
        let killed = sqlx::query_scalar(kill).fetch_one(tx.conn()).await.unwrap();
        tx.rollback().await.unwrap();
        killed
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_issuers_and_a_hand_that_cuts_their_connections_leave_no_gap() {
    let t = Stack::start().await;
    let issuer = |n: usize| {
        let t = &t;
        async move {
            for bill in 0..EACH {
                let name = format!("TF-{n}-{bill}");
                // Whoever loses the answer asks again with the same key.
                let mut done = false;
                for _ in 0..TRIES {
                    done = t.issue_invoice("TRF", &name, fine(&name)).await.is_ok();
                    if done {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
                assert!(done, "{name} is never issued");
            }
        }
    };
    let issuing = futures::future::join_all((0..ISSUERS).map(issuer));
    tokio::pin!(issuing);
    let mut killed = 0;
    loop {
        tokio::select! {
            _done = &mut issuing => break,
            more = async {
                boot::Clock::system().sleep(Duration::from_millis(100)).await;
                t.crash().await
            } => killed += more,
        }
    }
    assert!(killed > 0, "the hand was too slow");
    let bills = i64::try_from(ISSUERS * EACH).unwrap();
    let series = t.numbering(2026).await;
    assert_eq!((series.invoices, series.first, series.last, series.given_out), (bills, 1, bills, bills));
    assert!(series.gapless);
}

#[tokio::test]
async fn a_number_that_is_missing_is_named() {
    let t = Stack::start().await;
    for n in 1..=4 {
        t.issue_invoice("TRF", &format!("k{n}"), fine(&format!("TF-{n}"))).await.unwrap();
    }
    let delete = async |number: i32| {
        let mut tx = t.env.pg.begin().await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("DELETE FROM invoice WHERE number = {number}"));
        sqlx::raw_sql(sql).execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    };
    assert!(t.numbering(2026).await.gapless);
    assert!(t.numbering(2025).await.gapless, "nothing was given out");
    delete(4).await;
    let series = t.numbering(2026).await;
    assert_eq!((series.gapless, series.last, series.given_out, series.first_missing), (false, 3, 4, 0));
    delete(2).await;
    let series = t.numbering(2026).await;
    assert_eq!((series.gapless, series.invoices, series.first_missing), (false, 2, 2));
}
