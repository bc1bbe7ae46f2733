//! Clients of payments: each keeps one call in flight, and repeats it with the same key until it is answered.
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use proto::payments::v1::{Payment, PaymentState};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::task::JoinSet;

use super::calls::{Ask, Call, Door, Heard};
use super::history::{History, Line};
use super::site::OWN_BILL;
use super::wallet::Wallet;

/// A call that is not answered by then never will be.
const PATIENCE: Duration = Duration::from_secs(90);
/// Before an unanswered call is sent again, in milliseconds.
const AGAIN_AFTER: std::ops::Range<u64> = 30..150;
/// A payer looks so often, and so many times, whether his payment has ended.
const LOOK_EVERY: Duration = Duration::from_millis(80);
const LOOKS: u32 = 25;
/// Recorded payments a client remembers, to err about them later.
const REMEMBERED: usize = 30;
const CHANNELS: [&str; 2] = ["bank-a", "bank-b"];
const IBAN: &str = "BH67BMAG00001299123456";
const APPROVER: &str = "staff:second";

/// Open bills, handed out to whoever pays.
#[derive(Debug)]
pub struct Bills {
    shared: u64,
    own: u64,
    next: AtomicU64,
}

impl Bills {
    /// `S-0…` for many, `W-0…` for one payer each.
    pub fn new(shared: u64, own: u64) -> Bills {
        Bills { shared, own, next: AtomicU64::new(0) }
    }

    fn take_own(&self) -> Option<String> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.own).then(|| format!("W-{number}"))
    }
}

/// What the clients share.
#[derive(Debug)]
pub struct Load {
    pub doors: Vec<Door>,
    pub history: History,
    bills: Bills,
    seed: u64,
    /// Between two scenarios of a client, in milliseconds.
    pause: std::ops::Range<u64>,
    stopping: AtomicBool,
    /// By client: calls that ended well.
    successes: Vec<AtomicU64>,
    /// Milliseconds that the slowest call took with all its repetitions.
    slowest: AtomicU64,
}

/// Clients at work.
#[derive(Debug)]
pub struct Clients(JoinSet<anyhow::Result<()>>);

impl Load {
    /// Clients that go through `doors`, each first through its own.
    pub fn new(doors: Vec<Door>, history: History, bills: Bills, seed: u64) -> Load {
        let (stopping, successes, slowest) = (AtomicBool::new(false), Vec::new(), AtomicU64::new(0));
        Load { doors, history, bills, seed, pause: 20..200, stopping, successes, slowest }
    }

    /// Lets `count` clients begin.
    pub fn start(mut self, count: u64) -> (Arc<Load>, Clients) {
        self.successes = (0..count).map(|_| AtomicU64::new(0)).collect();
        let load = Arc::new(self);
        let mut clients = JoinSet::new();
        for number in 0..count {
            clients.spawn(Client::new(load.clone(), number).run());
        }
        (load, Clients(clients))
    }

    /// By client: calls that ended well so far.
    pub fn successes(&self) -> Vec<u64> {
        self.successes.iter().map(|count| count.load(Ordering::SeqCst)).collect()
    }

    /// How long the slowest call took, with all its repetitions, of those that were answered since this was last asked.
    pub fn slowest(&self) -> Duration {
        Duration::from_millis(self.slowest.swap(0, Ordering::SeqCst))
    }

    /// Waits until each client had `more` calls that ended well since `before`.
    ///
    /// # Errors
    /// It takes longer.
    pub async fn all_go_on(&self, before: &[u64], more: u64, within: Duration) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        while !self.successes().iter().zip(before).all(|(now, before)| *now >= before.saturating_add(more)) {
            if begun.elapsed() > within {
                bail!("calls do not succeed again after {within:?}: {before:?}, {:?}", self.successes());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(begun.elapsed())
    }

    /// Waits until any client had a call that ended well.
    ///
    /// # Errors
    /// It takes longer.
    pub async fn goes_on(&self, within: Duration) -> anyhow::Result<Duration> {
        let (begun, before) = (Instant::now(), self.successes());
        while self.successes() == before {
            if begun.elapsed() > within {
                bail!("no call succeeds again after {within:?}");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(begun.elapsed())
    }
}

impl Clients {
    /// Tells the clients to begin nothing new, and waits until every call is answered.
    ///
    /// # Errors
    /// A call was never answered; the history cannot be written.
    pub async fn finish(mut self, load: &Load) -> anyhow::Result<()> {
        load.stopping.store(true, Ordering::SeqCst);
        while let Some(ended) = self.0.join_next().await {
            ended.context("a client's task")??;
        }
        Ok(())
    }
}

/// Money that a client recorded.
#[derive(Debug, Clone)]
struct Recorded {
    key: String,
    payment_id: String,
    bill: String,
    provider: String,
    reference: String,
    fils: i64,
}

impl Recorded {
    fn ask(&self) -> Ask {
        let Recorded { bill, provider, reference, fils, .. } = self.clone();
        Ask::Record { bill, provider, reference, fils }
    }
}

struct Client {
    load: Arc<Load>,
    number: u64,
    calls: u64,
    rng: StdRng,
    recorded: VecDeque<Recorded>,
}

impl Client {
    fn new(load: Arc<Load>, number: u64) -> Client {
        let rng = StdRng::seed_from_u64(load.seed.wrapping_add(number.wrapping_mul(0x9E37_79B9)));
        Client { load, number, calls: 0, rng, recorded: VecDeque::new() }
    }

    async fn run(mut self) -> anyhow::Result<()> {
        while !self.load.stopping.load(Ordering::SeqCst) {
            match self.rng.random_range(0..100) {
                0..55 => self.record().await?,
                55..85 => self.pay_by_wallet().await?,
                85..92 => self.refund_to_an_account().await?,
                _ => self.err().await?,
            }
            let pause = self.rng.random_range(self.load.pause.clone());
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        Ok(())
    }

    /// A call with a key of its own.
    fn call(&mut self, ask: Ask) -> Call {
        let id = format!("c{}-{}", self.number, self.calls);
        self.calls = self.calls.saturating_add(1);
        let actor = match &ask {
            Ask::ApproveRefund { .. } | Ask::RecordPayout { .. } => APPROVER.to_owned(),
            Ask::Record { .. } | Ask::Start { .. } | Ask::RequestRefund { .. } => {
                format!("client:{}", self.number)
            }
        };
        Call { key: id.clone(), id, actor, ask }
    }

    /// Sends a call until it is answered, each time through the next door.
    async fn answered(&mut self, call: Call) -> anyhow::Result<Heard> {
        let begun = Instant::now();
        let (load, id) = (self.load.clone(), call.id.clone());
        let home = usize::try_from(self.number)?;
        load.history.keep(&Line::Asked(call.clone())).await?;
        for door in load.doors.iter().cycle().skip(home.checked_rem(load.doors.len()).unwrap_or(0)) {
            let heard = door.send(&call).await;
            load.history.keep(&Line::Heard { id: id.clone(), heard: heard.clone() }).await?;
            match &heard {
                Heard::Success { .. } => {
                    let took = u64::try_from(begun.elapsed().as_millis())?;
                    load.slowest.fetch_max(took, Ordering::SeqCst);
                    if let Some(count) = load.successes.get(home) {
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                    return Ok(heard);
                }
                Heard::Refused { .. } => return Ok(heard),
                Heard::Nothing { why } if begun.elapsed() > PATIENCE => {
                    bail!("{call:?} was never answered: {why}")
                }
                Heard::Nothing { .. } => {}
            }
            tokio::time::sleep(Duration::from_millis(self.rng.random_range(AGAIN_AFTER))).await;
            load.history.keep(&Line::Again { id: id.clone() }).await?;
        }
        bail!("there is no door")
    }

    async fn do_it(&mut self, ask: Ask) -> anyhow::Result<Option<String>> {
        let call = self.call(ask);
        Ok(self.answered(call).await?.id().map(str::to_owned))
    }

    async fn record(&mut self) -> anyhow::Result<()> {
        let bill = format!("S-{}", self.rng.random_range(0..self.load.bills.shared));
        let provider = CHANNELS.get(usize::from(self.rng.random::<bool>())).context("a channel")?;
        let fils = self.rng.random_range(1..5_000);
        let reference = format!("m{}-{}", self.number, self.calls);
        let ask = Ask::Record {
            bill: bill.clone(),
            provider: (*provider).to_owned(),
            reference: reference.clone(),
            fils,
        };
        let call = self.call(ask);
        let key = call.key.clone();
        if let Some(payment_id) = self.answered(call).await?.id() {
            if self.recorded.len() >= REMEMBERED {
                self.recorded.pop_front();
            }
            let (payment_id, provider) = (payment_id.to_owned(), (*provider).to_owned());
            self.recorded.push_back(Recorded { key, payment_id, bill, provider, reference, fils });
        }
        Ok(())
    }

    async fn pay_by_wallet(&mut self) -> anyhow::Result<()> {
        let Some(bill) = self.load.bills.take_own() else { return self.record().await };
        let mute = self.rng.random_range(0..100) < 3;
        let provider = if mute { Wallet::MUTE } else { Wallet::USUAL };
        let ask = Ask::Start { bill, provider: provider.to_owned() };
        let Some(payment_id) = self.do_it(ask.clone()).await? else { return Ok(()) };
        if self.rng.random_range(0..100) < 10 {
            // The payer is impatient: the same bill again, with another key.
            self.do_it(ask).await?;
        }
        if self.rng.random::<bool>() {
            return Ok(());
        }
        let Some(payment) = self.ended(&payment_id).await else { return Ok(()) };
        if payment.state() == PaymentState::Captured && self.rng.random_range(0..100) < 60 {
            self.refund(&payment_id, OWN_BILL, None).await?;
        }
        Ok(())
    }

    /// Looks until the payment has ended, or is not worth waiting for.
    async fn ended(&mut self, payment_id: &str) -> Option<Payment> {
        for _look in 0..LOOKS {
            for door in self.load.doors.clone() {
                let payment = door.payment(payment_id).await;
                let over = payment.as_ref().is_some_and(|payment| {
                    !matches!(
                        payment.state(),
                        PaymentState::Created | PaymentState::ActionRequired | PaymentState::Processing
                    )
                });
                if over {
                    return payment;
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        None
    }

    /// Most of a payment, and then as much again, which can never be.
    async fn refund(&mut self, payment_id: &str, fils: i64, iban: Option<&str>) -> anyhow::Result<()> {
        let most = fils.saturating_mul(6).checked_div(10).unwrap_or(fils).max(1);
        let ask = Ask::RequestRefund {
            payment_id: payment_id.to_owned(),
            fils: most,
            iban: iban.map(str::to_owned),
        };
        let Some(refund_id) = self.do_it(ask.clone()).await? else { return Ok(()) };
        self.do_it(Ask::ApproveRefund { refund_id: refund_id.clone() }).await?;
        if iban.is_some() {
            let bank_reference = format!("payout-{refund_id}");
            self.do_it(Ask::RecordPayout { refund_id, bank_reference }).await?;
        }
        if self.rng.random_range(0..100) < 30 {
            self.do_it(ask).await?;
        }
        Ok(())
    }

    async fn refund_to_an_account(&mut self) -> anyhow::Result<()> {
        let Some(money) = self.recorded.pop_front() else { return self.record().await };
        self.refund(&money.payment_id, money.fils, Some(IBAN)).await
    }

    /// What clients get wrong.
    async fn err(&mut self) -> anyhow::Result<()> {
        let Some(money) = self.recorded.back().cloned() else { return self.record().await };
        let mut another = money.clone();
        another.fils = money.fils.saturating_add(1);
        let call = match self.rng.random_range(0..4) {
            // The same movement with another key: the same payment.
            0 => self.call(money.ask()),
            // The same movement, and another amount.
            1 => self.call(another.ask()),
            // The key of another request.
            2 => {
                another.reference = format!("{}-other", money.reference);
                Call { key: money.key.clone(), ..self.call(another.ask()) }
            }
            // No money.
            _ => {
                another.fils = 0;
                another.reference = format!("{}-none", money.reference);
                self.call(another.ask())
            }
        };
        self.answered(call).await?;
        Ok(())
    }
}
