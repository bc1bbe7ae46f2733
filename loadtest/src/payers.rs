//! Payers at the public API, at a steady rate, who write down what they were told.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::{JoinHandle, JoinSet};

use crate::api::{Answer, Api, Body};
use crate::demo::{self, Bill, Demo};
use crate::report::Report;
use crate::stack::{Layout, mizan};
use crate::world::World;

/// Systems that bring load: one may ask fifty times a second.
const CLIENTS: u32 = 12;

/// Before a call that was not answered well is sent a second time.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
/// Between two looks at a payment.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A payment that has not ended by then never will.
const ENDS_WITHIN: Duration = Duration::from_secs(90);

/// Those who pay: the systems they come through, the bills that wait for them, and what they were told.
#[derive(Debug)]
pub struct Payers {
    clients: Arc<[Api]>,
    world: World,
    /// Issued ahead.
    pub bills: Vec<Bill>,
    /// Everything, from the first to the last.
    pub told: Vec<Told>,
}

impl Payers {
    /// Without bills so far.
    ///
    /// # Errors
    /// A system gets no key.
    pub fn new(layout: &Layout, demo: &Demo) -> anyhow::Result<Payers> {
        let client = |number: u32| {
            let name = format!("load-{number}");
            let said = mizan(layout, &["identity", "create-key", "--agency", "TRF", "--name", &name])?;
            let key = said.split_whitespace().find(|word| word.starts_with("mzn_")).context("an API key")?;
            Ok(Api::new(layout.url("gateway", "http"), key.to_owned()))
        };
        let clients: anyhow::Result<Vec<Api>> = (0..CLIENTS).map(client).collect();
        Ok(Payers {
            clients: clients?.into(),
            world: demo.world.clone(),
            bills: Vec::new(),
            told: Vec::new(),
        })
    }

    /// Uploads and issues `count` more bills.
    ///
    /// # Errors
    /// As [`demo::issue_fines`].
    pub async fn more_bills(&mut self, demo: &Demo, count: u32, report: &mut Report) -> anyhow::Result<()> {
        let first = u32::try_from(self.told.len() + self.bills.len())?;
        self.bills.extend(demo::issue_fines(demo, first..first + count, report).await?);
        Ok(())
    }
}

/// What a payer was told in the end.
#[derive(Clone, Debug)]
pub struct Told {
    pub bill: Bill,
    pub key: String,
    pub payment_id: Option<String>,
    /// The last state heard.
    pub state: String,
    /// How often a call was repeated, all calls together.
    pub retries: u32,
    /// What went wrong for good.
    pub error: Option<String>,
}

impl Told {
    /// Was the payer told that it is paid?
    pub fn captured(&self) -> bool {
        self.state == "captured"
    }
}

/// Payers at work.
#[derive(Debug)]
pub struct Load {
    progress: Arc<Progress>,
    since: Instant,
    pace: JoinHandle<anyhow::Result<(Vec<Told>, Vec<Bill>)>>,
}

/// What payers at work and those who watch them share.
#[derive(Debug, Default)]
struct Progress {
    stop: AtomicBool,
    begun: AtomicU32,
    captured: AtomicUsize,
}

/// The API and the wallet, as a payer uses them.
#[derive(Clone, Debug)]
struct Payer {
    /// Payers come through one after the other.
    clients: Arc<[Api]>,
    world: World,
    /// How often one call may be repeated.
    retries: u32,
}

impl Load {
    /// Lets `per_second` payers a second begin, until told to stop or out of bills. Each call may be repeated `retries` times.
    pub fn start(payers: &mut Payers, per_second: u32, retries: u32) -> Load {
        let progress = Arc::new(Progress::default());
        let payer = Payer { clients: payers.clients.clone(), world: payers.world.clone(), retries };
        let bills = std::mem::take(&mut payers.bills);
        let pace = tokio::spawn(pace(payer, bills, per_second, progress.clone()));
        Load { progress, since: Instant::now(), pace }
    }

    /// How many were told that they have paid, so far.
    pub fn captured(&self) -> usize {
        self.progress.captured.load(Ordering::SeqCst)
    }

    /// How many payers have begun, in each minute so far.
    pub fn begun_a_minute(&self) -> u128 {
        let begun = u128::from(self.progress.begun.load(Ordering::SeqCst));
        begun * 60_000 / self.since.elapsed().as_millis().max(1)
    }

    /// Waits until `more` payers were told that they have paid; gives the time.
    ///
    /// # Errors
    /// It takes longer.
    pub async fn goes_on(&self, more: usize, within: Duration) -> anyhow::Result<Duration> {
        let (begun, before) = (Instant::now(), self.captured());
        while self.captured() < before + more {
            if begun.elapsed() > within {
                bail!("{} of {more} payments ended in {within:?}", self.captured() - before);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(begun.elapsed())
    }

    /// Begins nothing new and waits for what runs: what payers were told. The bills that are left go back.
    ///
    /// # Errors
    /// A payer's task died.
    pub async fn finish(self, payers: &mut Payers) -> anyhow::Result<Vec<Told>> {
        self.progress.stop.store(true, Ordering::SeqCst);
        let (told, left) = self.pace.await.context("the pace maker died")??;
        payers.bills = left;
        payers.told.extend(told.clone());
        Ok(told)
    }
}

async fn pace(
    payer: Payer,
    mut bills: Vec<Bill>,
    per_second: u32,
    progress: Arc<Progress>,
) -> anyhow::Result<(Vec<Told>, Vec<Bill>)> {
    // Payers do not wait for each other: those of a beat that was missed come at once.
    let mut beat = tokio::time::interval(Duration::from_secs(1) / per_second.max(1));
    let (mut running, mut told) = (JoinSet::new(), Vec::new());
    while !progress.stop.load(Ordering::SeqCst) {
        beat.tick().await;
        let Some(bill) = bills.pop() else { break };
        progress.begun.fetch_add(1, Ordering::SeqCst);
        let (payer, progress) = (payer.clone(), progress.clone());
        running.spawn(async move {
            let told = payer.pay(bill).await;
            if told.captured() {
                progress.captured.fetch_add(1, Ordering::SeqCst);
            }
            told
        });
        while let Some(one) = running.try_join_next() {
            told.push(one.context("a payer died")?);
        }
    }
    while let Some(one) = running.join_next().await {
        told.push(one.context("a payer died")?);
    }
    Ok((told, bills))
}

impl Payer {
    async fn pay(&self, bill: Bill) -> Told {
        let key = format!("e2e-{}", bill.bill_reference);
        let mut told = Told { bill, key, payment_id: None, state: String::new(), retries: 0, error: None };
        if let Err(error) = self.follow(&mut told).await {
            told.error = Some(format!("{error:#}"));
        }
        told
    }

    async fn follow(&self, told: &mut Told) -> anyhow::Result<()> {
        let start = Body::Json(json!({
            "bill_reference": told.bill.bill_reference, "channel": "wallet", "provider": "benefit-pay",
        }));
        let (begun, mut approved) = (Instant::now(), false);
        let mut payment = self.call(told, Method::POST, "/v1/payments", Some(&start)).await?;
        loop {
            let id = payment["payment_id"].as_str().context("a payment_id")?.to_owned();
            told.payment_id = Some(id.clone());
            payment["state"].as_str().context("a state")?.clone_into(&mut told.state);
            match told.state.as_str() {
                "captured" | "failed" | "expired" | "late" => return Ok(()),
                "action_required" if !approved => {
                    let url = payment["next_action"]["redirect_url"].as_str().context("where to approve")?;
                    // The wallet is not what is tried here.
                    approved = self.world.approve(url).await.is_ok();
                }
                _ => {}
            }
            if begun.elapsed() > ENDS_WITHIN {
                bail!("payment {id} is {} after {ENDS_WITHIN:?}", told.state);
            }
            tokio::time::sleep(LOOK_EVERY).await;
            payment = self.call(told, Method::GET, &format!("/v1/payments/{id}"), None).await?;
        }
    }

    /// One call, repeated at most so often after an answer that leaves it open.
    async fn call(
        &self,
        told: &mut Told,
        method: Method,
        path: &str,
        body: Option<&Body>,
    ) -> anyhow::Result<Value> {
        let key = body.map(|_| told.key.clone());
        let mut tries = 0;
        let turn = told.bill.bill_reference.bytes().fold(0_usize, |sum, byte| sum + usize::from(byte));
        let client = self.clients.get(turn % self.clients.len()).context("a client")?;
        loop {
            let heard = client.once(method.clone(), path, key.as_deref(), body).await;
            match heard {
                Ok(answer) if !leaves_open(&answer) => return answer.success(),
                open if tries >= self.retries => {
                    let answer =
                        open.with_context(|| format!("{method} {path}: no answer, {tries} retries"))?;
                    return answer.success().with_context(|| format!("{method} {path}: {tries} retries"));
                }
                Ok(_) | Err(_) => {}
            }
            tries += 1;
            told.retries += 1;
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }
}

/// Says how a stretch of load went: how many paid, and that nobody had to repeat more than `retries` calls.
pub fn judge(what: &str, told: &[Told], retries: u32, report: &mut Report) {
    let captured = told.iter().filter(|one| one.captured()).count();
    let repeated = told.iter().filter(|one| one.retries > 0).count();
    let wrong: Vec<String> = told
        .iter()
        .filter(|one| !one.captured() || one.retries > retries)
        .map(|one| {
            format!(
                "{} is `{}` after {} retries: {}",
                one.bill.bill_reference,
                one.state,
                one.retries,
                one.error.as_deref().unwrap_or("-")
            )
        })
        .collect();
    report.nothing_wrong(
        &format!(
            "{what}: {captured} of {} paid, {repeated} repeated a call, none more than {retries} times in all",
            told.len()
        ),
        &wrong,
    );
}

fn leaves_open(answer: &Answer) -> bool {
    answer.code.is_server_error() || matches!(answer.code.as_u16(), 409 | 429)
}
