//! Two processes of payments on one database: one is killed and the other goes on, one is stopped and gives back.
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use loadtest::crash::{
    self, Ask, Call, Clients, Door, Heard, History, Load, READY_WITHIN, Replica, Site, Wallet,
};
use loadtest::report::say;
use sqlx::PgConnection;
use tokio::time::Instant;

use crate::crash::folder;

/// A lane's lease, in `payments`.
const LEASE: Duration = Duration::from_secs(10);
/// A call to a provider that died with its process is taken up after this: as shipped.
const CLAIM: Duration = Duration::from_secs(12);
/// The other looks for work every 100 ms; the rest is for a busy machine.
const LATE: Duration = Duration::from_secs(3);
const SETTINGS: [(&str, &str); 7] = [
    ("MIZAN_PAYMENTS_POLL_EVERY_MS", "200"),
    ("MIZAN_PAYMENTS_POLL_FOR_MS", "30000"),
    ("MIZAN_PAYMENTS_UNKNOWN_FIRST_MS", "500"),
    ("MIZAN_PAYMENTS_UNKNOWN_LONGEST_MS", "2000"),
    ("MIZAN_PAYMENTS_NOT_FOUND_AFTER_MS", "4000"),
    ("MIZAN_PAYMENTS_CLAIM_MS", "12000"),
    ("MIZAN_PAYMENTS_LANES", "2"),
];
/// Calls to a provider that hang when their process dies.
const HANGING: u64 = 6;

/// A stripe, as everybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
struct Stripe {
    lane: i32,
    fence: i64,
    last_seq: i64,
    /// Whether somebody holds it at this moment.
    leased: bool,
    given_back: bool,
}

async fn stripes(database: &mut PgConnection) -> BTreeMap<i32, Stripe> {
    let rows: Vec<Stripe> = sqlx::query_as(
        "SELECT lane, fence, last_seq, leased_until >= clock_timestamp() AS leased,
                leased_until = '-infinity' AS given_back
           FROM lane ORDER BY lane",
    )
    .fetch_all(database)
    .await
    .unwrap();
    rows.into_iter().map(|row| (row.lane, row)).collect()
}

/// Pays bills through a provider that takes the money and does not answer, until this process has claimed all.
async fn hang(door: &Door, history: &History, database: &mut PgConnection) {
    for number in 0..HANGING {
        let id = format!("hanging-{number}");
        let ask = Ask::Start { bill: format!("H-{number}"), provider: Wallet::SLOW.to_owned() };
        let call = Call { key: id.clone(), id: id.clone(), actor: "client:hanging".to_owned(), ask };
        history.keep(&crash::Line::Asked(call.clone())).await.unwrap();
        let heard = door.send(&call).await;
        assert!(matches!(heard, Heard::Success { .. }), "{heard:?}");
        history.keep(&crash::Line::Heard { id, heard }).await.unwrap();
    }
    testkit::wait_for("all are claimed", Duration::from_secs(5), async || {
        let claimed: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM work WHERE provider = $1 AND claimed_until > clock_timestamp()",
        )
        .bind(Wallet::SLOW)
        .fetch_one(&mut *database)
        .await
        .unwrap();
        (u64::try_from(claimed).unwrap() == HANGING).then_some(())
    })
    .await;
}

/// How long the longest claim still lasts.
async fn claims_left(database: &mut PgConnection) -> Duration {
    let millis: Option<i64> = sqlx::query_scalar(
        "SELECT (extract(epoch FROM max(claimed_until) - clock_timestamp()) * 1000)::bigint
           FROM work WHERE provider = $1",
    )
    .bind(Wallet::SLOW)
    .fetch_one(database)
    .await
    .unwrap();
    Duration::from_millis(millis.unwrap_or(0).try_into().unwrap_or(0))
}

async fn hanging_captured(database: &mut PgConnection) -> u64 {
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM payment WHERE provider = $1 AND state = 'captured'")
            .bind(Wallet::SLOW)
            .fetch_one(database)
            .await
            .unwrap();
    u64::try_from(count).unwrap()
}

/// Two replicas under load, the first of them with calls that hang.
struct Pair {
    database: PgConnection,
    first: Replica,
    second: Replica,
    door: Door,
    load: Arc<Load>,
    clients: Clients,
    /// Ended last.
    site: Site,
}

impl Pair {
    async fn start(folder: &Path) -> Pair {
        let site = Site::open(folder, 7).await.unwrap();
        let bills = site.open_bills(50, 20_000).await.unwrap();
        site.open_own_bills("H", HANGING).await.unwrap();
        let mut database = site.database().await.unwrap();
        let history = History::create(&folder.join("history.jsonl")).unwrap();
        // The first is alone when the provider hangs: these claims are its own.
        let mut first = site.replica("first", &SETTINGS).unwrap();
        first.ready(READY_WITHIN).await.unwrap();
        let door = Door::at(&first.url()).unwrap();
        hang(&door, &history, &mut database).await;
        let mut second = site.replica("second", &SETTINGS).unwrap();
        second.ready(READY_WITHIN).await.unwrap();
        let doors = vec![door.clone(), Door::at(&second.url()).unwrap()];
        let (load, clients) = Load::new(doors, history, bills, 7).start(16);
        Pair { database, first, second, door, load, clients, site }
    }

    /// Waits until each lane of both has a stripe.
    async fn all_leased(&mut self) -> BTreeMap<i32, Stripe> {
        testkit::wait_for("each lane has a stripe", Duration::from_secs(20), async || {
            let now = stripes(&mut self.database).await;
            (now.values().filter(|stripe| stripe.leased).count() == 4).then_some(now)
        })
        .await
    }

    /// Whoever called the first goes to the second, at once; its leases and claims run out.
    async fn kill_first(&mut self) -> String {
        let of_first = self.first.stripes().unwrap();
        let claims_left = claims_left(&mut self.database).await;
        let (before, _) = (self.load.successes(), self.load.slowest());
        self.first.kill().unwrap();
        let killed = Instant::now();
        // The second success of each client began after the kill.
        self.load.all_go_on(&before, 2, LEASE).await.unwrap();
        let slowest = self.load.slowest();
        assert!(slowest <= LEASE, "{slowest:?}");
        let (mut leases_over, mut work_taken_up) = (None, None);
        testkit::wait_for("the dead one's leases and claims run out", CLAIM + LATE, async || {
            let now = stripes(&mut self.database).await;
            if of_first.keys().all(|lane| !now[lane].leased) {
                leases_over.get_or_insert_with(|| killed.elapsed());
            }
            if hanging_captured(&mut self.database).await == HANGING {
                work_taken_up.get_or_insert_with(|| killed.elapsed());
            }
            leases_over.and(work_taken_up)
        })
        .await;
        let (leases_over, work_taken_up) = (leases_over.unwrap(), work_taken_up.unwrap());
        assert!(leases_over <= LEASE + Duration::from_secs(1), "{leases_over:?}");
        assert!(work_taken_up <= claims_left + LATE, "{work_taken_up:?}, claimed for {claims_left:?}");
        format!(
            "killed: no call waited longer than {slowest:?}, leases over after {leases_over:?}, claims (of \
             {claims_left:?} more) taken up after {work_taken_up:?}"
        )
    }

    /// Started again, it continues the stripes that nobody holds, under higher fences.
    async fn restart_first(&mut self) -> String {
        let (of_first, orphans) = (self.first.stripes().unwrap(), stripes(&mut self.database).await);
        self.first.restart().unwrap();
        let ready = self.first.ready(READY_WITHIN).await.unwrap();
        let after = self.all_leased().await;
        assert_eq!(after.len(), 4, "no stripe is left behind: {after:?}");
        for (lane, fence) in &of_first {
            assert!(after[lane].fence > *fence, "{of_first:?} {after:?}");
        }
        testkit::wait_for("their chains grow", LEASE, async || {
            let now = stripes(&mut self.database).await;
            of_first.keys().all(|lane| now[lane].last_seq > orphans[lane].last_seq).then_some(())
        })
        .await;
        format!("restarted: ready after {ready:?}")
    }

    /// Asked to stop, it gives its stripes back at once.
    async fn stop_second(&mut self) -> String {
        let of_second = self.second.stripes().unwrap();
        self.load.slowest();
        let asked = Instant::now();
        let (ended, given_back) = tokio::join!(
            self.second.stop(READY_WITHIN),
            testkit::wait_for("its stripes are given back", LATE, async || {
                let now = stripes(&mut self.database).await;
                of_second.keys().all(|lane| now[lane].given_back).then(|| asked.elapsed())
            })
        );
        let ended = ended.unwrap();
        self.load.all_go_on(&self.load.successes(), 2, LEASE).await.unwrap();
        let slowest = self.load.slowest();
        assert!(slowest <= LEASE, "{slowest:?}");
        format!(
            "stopped: stripes given back after {given_back:?}, ended after {ended:?}, no call waited longer than \
             {slowest:?}"
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_dies_or_stops_and_the_other_goes_on() {
    boot::install_tls();
    let folder = folder();
    let mut pair = Pair::start(folder.path()).await;
    pair.all_leased().await;
    // A lease is in the database before its holder's log says so.
    testkit::wait_for("each says that it holds two stripes", Duration::from_secs(20), async || {
        let held = (pair.first.stripes().unwrap().len(), pair.second.stripes().unwrap().len());
        (held == (2, 2)).then_some(())
    })
    .await;
    pair.load.all_go_on(&pair.load.successes(), 1, Duration::from_secs(20)).await.unwrap();

    say(pair.kill_first().await);
    say(pair.restart_first().await);
    say(pair.stop_second().await);

    let Pair { site, mut first, door, load, clients, .. } = pair;
    clients.finish(&load).await.unwrap();
    let judged = crash::judge(&site, &load, &door).await.unwrap();
    assert_eq!(judged.first_offender, None, "{judged}");
    say(judged.to_string());
    first.stop(READY_WITHIN).await.unwrap();
}
