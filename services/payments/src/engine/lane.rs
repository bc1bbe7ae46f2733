//! One lane: takes what waits, commits it, answers.

use std::{fmt::Write as _, time::Duration};

use boot::{Clock, Context, Ids};
use ids::BatchId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    Answer, Job, Parts, batch,
    fair::{self, Fair},
    fold::fold,
    seal,
};
use crate::{
    Error,
    domain::Moment,
    merkle::Tree,
    store::lane::{self as stripes, Lease, Sealed},
};

/// An idle lane renews its lease this often.
const RENEW: Duration = Duration::from_secs(3);
/// A batch that meets another one, or loses its stripe, is tried so often.
const TRIES: u32 = 5;
/// After a COMMIT without answer we ask this often …
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// … for so long, before callers are told that it is unknown.
const ASK_FOR: Duration = Duration::from_secs(30);

type Answers = Vec<Result<Answer, Error>>;

pub(super) struct Lane {
    parts: Parts,
    clock: Clock,
    waits: Clock,
    ids: Ids,
    /// The stripe, and the end of its chain as this lane left it.
    lease: Option<(Lease, stripes::Head)>,
    /// The connection of the last batch.
    seat: Option<pg::Seat>,
}

/// How one try of a batch ended.
enum Tried {
    Kept(Answers),
    /// A row that some command needs cannot be read; nothing was written.
    Unreadable(Error),
    /// Nothing was written, and trying again may work.
    Again(Error),
}

impl Lane {
    pub(super) fn new(ctx: &Context, parts: Parts, waits: Clock) -> Lane {
        Lane { parts, clock: ctx.clock.clone(), waits, ids: ctx.ids.clone(), lease: None, seat: None }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Job>, stopping: CancellationToken) {
        let most = usize::from(self.parts.settings.max_batch);
        let mut waiting = Fair::default();
        let mut came = Vec::with_capacity(most);
        loop {
            if waiting.len() == 0 {
                tokio::select! {
                    biased;
                    taken = inbox.recv_many(&mut came, most) => if taken == 0 { break },
                    () = self.waits.sleep(RENEW) => { self.renew().await; continue; }
                    // What waits is still done; what comes later is turned away.
                    () = stopping.cancelled(), if !inbox.is_closed() => { inbox.close(); continue; }
                }
            }
            self.admit(&mut waiting, &mut came, &mut inbox);
            self.process(waiting.take(most)).await;
        }
        self.give_back().await;
    }

    /// Takes what came, up to the length of the queue, so that agencies take turns. One agency may fill half of it.
    fn admit(&self, waiting: &mut Fair<Job>, came: &mut Vec<Job>, inbox: &mut mpsc::Receiver<Job>) {
        let length = usize::from(self.parts.settings.queue_length);
        let more = std::iter::from_fn(|| inbox.try_recv().ok()).take(length.saturating_sub(waiting.len()));
        for job in came.drain(..).chain(more) {
            let whose = fair::whose(job.command.lane_key());
            if job.command.may_be_shed() && waiting.of(whose) >= length.div_ceil(2) {
                self.turn_away(job);
            } else {
                let whose = whose.to_owned();
                waiting.push(&whose, job);
            }
        }
    }

    fn turn_away(&self, job: Job) {
        self.parts.metrics.shed.inc();
        answer(job, Err(Error::Overloaded));
    }

    async fn process(&mut self, jobs: Vec<Job>) {
        let jobs = self.shed(jobs);
        if jobs.is_empty() {
            return;
        }
        self.parts.metrics.batch(jobs.len());
        let begins = self.waits.monotonic();
        for job in &jobs {
            self.parts.metrics.waited(begins.saturating_sub(job.queued_at));
        }
        self.post(jobs).await;
    }

    /// Turns away what waited too long: its caller has given up, and doing it would only make others late.
    fn shed(&self, jobs: Vec<Job>) -> Vec<Job> {
        let oldest = Duration::from_millis(self.parts.settings.queue_age_ms);
        let now = self.waits.monotonic();
        let (late, jobs): (Vec<Job>, Vec<Job>) = jobs
            .into_iter()
            .partition(|job| job.command.may_be_shed() && now.saturating_sub(job.queued_at) > oldest);
        for job in late {
            self.turn_away(job);
        }
        jobs
    }

    /// One batch; if something in it cannot be written, each alone, so that it spoils only itself.
    async fn post(&mut self, jobs: Vec<Job>) {
        let error = match self.try_post(&jobs).await {
            Ok(answers) => return answer_all(jobs, answers),
            Err(error) => error,
        };
        let by_one_of_them = matches!(&error, Error::Corrupt { .. }) || !is_unavailable(&error);
        if jobs.len() == 1 || matches!(error, Error::CommitUnknown) || !by_one_of_them {
            let answers = vec![Err(error); jobs.len()];
            return answer_all(jobs, answers);
        }
        tracing::warn!(%error, commands = jobs.len(), "a batch cannot be written, trying its commands one by one");
        for job in jobs {
            let alone = self.try_post(std::slice::from_ref(&job)).await;
            // At once: who is refused hears it before a twin behind it is done, and nobody waits for what others wait for.
            answer(job, alone.and_then(|mut one| one.pop().unwrap_or(Err(Error::Panicked))));
        }
    }

    async fn try_post(&mut self, jobs: &[Job]) -> Result<Answers, Error> {
        let mut tries = 1;
        loop {
            match Box::pin(self.once(jobs)).await? {
                Tried::Kept(answers) => return Ok(answers),
                Tried::Unreadable(error) => return Err(error),
                Tried::Again(error) if tries >= TRIES => return Err(error),
                Tried::Again(error) => tracing::debug!(%error, tries, "a batch is tried again"),
            }
            tries += 1;
        }
    }

    async fn once(&mut self, jobs: &[Job]) -> Result<Tried, Error> {
        let (lease, head) = match self.lease().await {
            Ok(lease) => lease,
            Err(error) => return again(error),
        };
        match self.write(lease, head, jobs).await {
            Ok(tried) => Ok(tried),
            Err(Written { error: pg::Error::CommitUnknown(source), pending: Some(pending) }) => {
                tracing::warn!(%source, batch = %pending.batch, "COMMIT brought no answer, reading back");
                if self.was_kept(lease, pending.batch).await? {
                    return Ok(self.kept(lease, pending));
                }
                Ok(Tried::Again(pg::Error::CommitUnknown(source).into()))
            }
            Err(Written { error, .. }) => {
                if matches!(error, pg::Error::Conflict { table: "lane" }) {
                    // The stripe is somebody else's by now.
                    self.lease = None;
                }
                again(error)
            }
        }
    }

    /// The transaction of a batch.
    async fn write(&mut self, lease: Lease, head: stripes::Head, jobs: &[Job]) -> Result<Tried, Written> {
        let mut tx = self.parts.pg.begin_at(self.seat.take()).await?;
        let loaded = match batch::load(&mut tx, jobs).await {
            Ok(loaded) => loaded,
            Err(Error::Database(error)) => return Err(unshared(error).into()),
            Err(other) => return Ok(Tried::Unreadable(other)),
        };
        let now = self.clock.now();
        let policies = self.parts.policies.borrow().clone();
        let moment = Moment { now, ids: &self.ids, rules: &self.parts.rules, policies: &policies };
        let folded = fold(loaded, jobs, &moment);
        if folded.writes.is_empty() {
            tx.rollback().await?;
            return Ok(Tried::Kept(folded.answers));
        }
        let at =
            batch::At { batch_id: BatchId(self.ids.uuid(now)), stripe: lease.stripe, now, ids: &self.ids };
        let sealed = sealed(at, head, jobs.len(), &folded.writes.journals);
        let pending = Pending {
            batch: at.batch_id,
            head: stripes::Head { seq: sealed.seq, hash: sealed.hash.clone() },
            answers: folded.answers,
            leaves_work: folded.writes.leaves_work(now),
            steps: folded.writes.steps(),
        };
        folded.writes.store(&mut tx, at).await?;
        // Last: from here on nobody else gets the stripe, and then it is soon over.
        stripes::seal(&mut tx, lease, &sealed).await?;
        match tx.commit_and_keep().await {
            Ok(seat) => {
                self.seat = Some(seat);
                Ok(self.kept(lease, pending))
            }
            Err(error) => Err(Written { error, pending: Some(pending) }),
        }
    }

    /// A batch is durable.
    fn kept(&mut self, lease: Lease, pending: Pending) -> Tried {
        self.lease = Some((lease, pending.head));
        self.parts.bus.ring();
        if pending.leaves_work {
            self.parts.work.notify_one();
        }
        for (channel, outcome) in pending.steps {
            self.parts.metrics.outcome(channel, outcome);
        }
        Tried::Kept(pending.answers)
    }

    /// Asks until Postgres says whether it kept a batch.
    async fn was_kept(&self, lease: Lease, batch: BatchId) -> Result<bool, Error> {
        self.parts.metrics.read_back.inc();
        let begun = self.waits.monotonic();
        loop {
            let asked = async {
                let mut tx = self.parts.pg.begin().await?;
                let kept = stripes::was_kept(&mut tx, lease, batch.0).await?;
                tx.rollback().await?;
                Ok::<bool, pg::Error>(kept)
            };
            match asked.await {
                Ok(kept) => return Ok(kept),
                Err(error) if self.waits.monotonic().saturating_sub(begun) > ASK_FOR => {
                    tracing::error!(%error, %batch, "it stays unknown whether a batch was kept");
                    return Err(Error::CommitUnknown);
                }
                Err(error) => tracing::warn!(%error, %batch, "cannot read back yet"),
            }
            self.waits.sleep(ASK_AGAIN).await;
        }
    }

    async fn lease(&mut self) -> Result<(Lease, stripes::Head), pg::Error> {
        if let Some(held) = &self.lease {
            return Ok(held.clone());
        }
        let mut tx = self.parts.pg.begin().await?;
        let (lease, head) = stripes::take(&mut tx).await?;
        tx.commit().await?;
        tracing::info!(stripe = lease.stripe, fence = lease.fence, "a lane took its stripe");
        self.lease = Some((lease, head.clone()));
        Ok((lease, head))
    }

    async fn renew(&mut self) {
        let Some((lease, _)) = self.lease else { return };
        let renewed = async {
            let mut tx = self.parts.pg.begin().await?;
            let held = stripes::renew(&mut tx, lease).await?;
            tx.commit().await?;
            Ok::<bool, pg::Error>(held)
        };
        match renewed.await {
            Ok(true) => {}
            Ok(false) => self.lease = None,
            // The fence decides, not this.
            Err(error) => tracing::debug!(%error, "a lane could not renew its lease"),
        }
    }

    async fn give_back(&mut self) {
        let Some((lease, _)) = self.lease.take() else { return };
        let given = async {
            let mut tx = self.parts.pg.begin().await?;
            stripes::give_back(&mut tx, lease).await?;
            tx.commit().await
        };
        if let Err(error) = given.await {
            tracing::debug!(%error, "a lane could not give its stripe back; its lease runs out");
        }
    }
}

/// A batch whose COMMIT was sent.
struct Pending {
    batch: BatchId,
    /// The end of the stripe's chain, if it was kept.
    head: stripes::Head,
    answers: Answers,
    leaves_work: bool,
    /// Of payments: the channel, and what happened.
    steps: Vec<(&'static str, &'static str)>,
}

/// What went wrong in a transaction, and, if that was its COMMIT, what it would answer.
struct Written {
    error: pg::Error,
    pending: Option<Pending>,
}

impl From<pg::Error> for Written {
    fn from(error: pg::Error) -> Written {
        Written { error, pending: None }
    }
}

/// A batch that met another one may be tried again; constraints too: what they guard is read anew.
fn again(error: pg::Error) -> Result<Tried, Error> {
    match error {
        pg::Error::Retryable(_) | pg::Error::Conflict { .. } | pg::Error::Constraint { .. } => {
            Ok(Tried::Again(error.into()))
        }
        // Held rows are tried one by one: who needs them waits alone.
        pg::Error::CommitUnknown(_) | pg::Error::Held(_) | pg::Error::Database(_) => Err(error.into()),
    }
}

fn answer_all(jobs: Vec<Job>, answers: Answers) {
    for (job, its) in jobs.into_iter().zip(answers) {
        answer(job, its);
    }
}

fn answer(job: Job, answer: Result<Answer, Error>) {
    // A caller that hung up hears it when it asks again.
    job.answer.send(answer).ok();
}

fn is_unavailable(error: &Error) -> bool {
    matches!(error, Error::Database(source) if matches!(source.as_ref(), pg::Error::Database(_)) && source.is_unavailable())
}

fn unshared(error: std::sync::Arc<pg::Error>) -> pg::Error {
    std::sync::Arc::try_unwrap(error)
        .unwrap_or_else(|shared| pg::Error::Database(sqlx::Error::Protocol(shared.to_string())))
}

fn sealed(
    at: batch::At<'_>,
    head: stripes::Head,
    commands: usize,
    journals: &[crate::domain::journal::Journal],
) -> Sealed {
    let mut tree = Tree::default();
    // One text for all entries: nothing is allocated for each.
    let mut account = String::new();
    for (position, journal) in (1..).zip(journals) {
        let mut leaf = seal::Leaf::begin(&seal::Facts::of(journal, position));
        for (line, entry) in (1..).zip(&journal.entries) {
            account.clear();
            // Writing to a String cannot fail.
            write!(account, "{}", entry.account).ok();
            leaf.entry(line, &account, entry.amount.minor_units());
        }
        tree.add(leaf.end());
    }
    let mut sealed = Sealed {
        batch_id: at.batch_id.0,
        seq: head.seq + 1,
        prev_hash: head.hash,
        hash: Vec::new(),
        commands: i32::try_from(commands).unwrap_or(i32::MAX),
        sealed_at: at.now,
    };
    sealed.hash = seal::batch(at.stripe, &sealed, &tree).0.to_vec();
    sealed
}
