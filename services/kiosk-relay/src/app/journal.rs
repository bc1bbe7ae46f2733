//! The only way money enters: a device's signed records, in order, each once.
//!
//! | round trip | what |
//! |---|---|
//! | 1 | lock the device's row: batches of one device come after each other |
//! | 2, 3 | which of these places are stored; the sessions they name |
//! | 4-9 | records, quarantine, sessions, evidence, outbox, head: only what there is |
//! | +2 | at the first fork: the device, its open sessions |
//! | 10 | commit |

use std::collections::{BTreeMap, BTreeSet};

use bus::Event;
use ed25519_dalek::VerifyingKey;
use pg::Tx;
use standards::device_journal::{Hash, Signed};
use time::OffsetDateTime;

use super::{Peer, Relay};
use crate::{
    Error,
    domain::{
        cash::{self, Meaning},
        chain::{Fork, Head, Verdict},
        device::{Command, Effect, State},
    },
    events,
    store::{
        self,
        device::Known,
        evidence::{Evidence, Kind},
        journal::Checked,
    },
};

/// Records in one batch at most.
pub const RECORDS_MAX: usize = 200;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    Appended,
    Duplicate,
    /// Kept apart, not posted.
    Quarantined,
}

/// What a device hears about its batch.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Everything up to here is stored and posted.
    pub head: Head,
    /// One for each record, in their order; shorter when there was a gap.
    pub results: Vec<(i64, Done)>,
    /// Where a record is missing, and from which number on to send again.
    pub gap: Option<(i64, i64)>,
}

impl Done {
    /// The word for it, for the device and in the metric.
    pub fn name(self) -> &'static str {
        match self {
            Done::Appended => "appended",
            Done::Duplicate => "duplicate",
            Done::Quarantined => "quarantined",
        }
    }
}

/// Takes a batch. A good signature is all it needs: what the records mean may be as odd as it likes.
///
/// # Errors
/// `ForeignRecord`, `BadSignature` (both leave evidence, and nothing of the batch is taken), `NotThisDevice`,
/// `NotActive`. After `Pg(CommitUnknown)` the same batch again tells.
pub async fn take(relay: Relay, peer: Peer, records: Vec<Signed>) -> Result<Receipt, Error> {
    let records = match check(&peer, records) {
        Ok(records) => records,
        Err(refused) => {
            keep_evidence(&relay, &peer, refused.evidence).await?;
            return Err(refused.error);
        }
    };
    pg::retry(|| one_transaction(&relay, &peer, &records)).await
}

/// A batch that is not the device's own.
struct NotItsOwn {
    error: Error,
    evidence: Evidence,
}

impl NotItsOwn {
    fn new(error: Error, kind: Kind, why: String, said: &str) -> Box<NotItsOwn> {
        Box::new(NotItsOwn { error, evidence: Evidence::new(kind, why, said) })
    }
}

/// Whose records these are, by certificate, name and signature.
fn check(peer: &Peer, records: Vec<Signed>) -> Result<Vec<Checked>, Box<NotItsOwn>> {
    let key = VerifyingKey::from_bytes(&peer.key);
    let mut checked = Vec::with_capacity(records.len());
    for signed in records {
        let said = serde_json::to_string(&signed).unwrap_or_default();
        if signed.record.device_id != peer.device_id.as_str() {
            let why = "sent with another device's certificate".to_owned();
            return Err(NotItsOwn::new(Error::ForeignRecord, Kind::ForeignRecord, why, &said));
        }
        let canonical = match (&key, signed.record.canonical()) {
            (Ok(key), Ok(canonical)) => signed.verify(key).map(|()| canonical),
            (Err(_), _) => Err(standards::device_journal::JournalError::Signature),
            (_, Err(error)) => Err(error),
        };
        match canonical {
            Ok(canonical) => checked.push(Checked { signed, canonical }),
            Err(why) => {
                let error = Error::BadSignature { seq: signed.record.seq };
                return Err(NotItsOwn::new(error, Kind::BadSignature, why.to_string(), &said));
            }
        }
    }
    Ok(checked)
}

async fn keep_evidence(relay: &Relay, peer: &Peer, evidence: Evidence) -> Result<(), Error> {
    let found = [evidence];
    let mut tx = relay.pg.begin().await?;
    store::evidence::keep(&mut tx, &peer.device_id, &found, relay.clock.now()).await?;
    tx.commit().await?;
    relay.metrics.evidence(&found);
    tracing::warn!(device = %peer.device_id, "records that are not its own were refused");
    Ok(())
}

async fn one_transaction(relay: &Relay, peer: &Peer, records: &[Checked]) -> Result<Receipt, Error> {
    let now = relay.clock.now();
    let mut tx = relay.pg.begin().await?;
    let known = peer.is(store::device::lock(&mut tx, &peer.device_id).await)?;
    let places: Vec<_> = records.iter().map(|r| (r.signed.record.epoch, r.signed.record.seq)).collect();
    let stored = store::journal::stored(&mut tx, &peer.device_id, &places).await?;

    let mut batch = Batch::new(&known, stored)?;
    for record in records {
        if !batch.judge(record) {
            break;
        }
    }

    let mut told = post(relay, &mut tx, peer, &mut batch, now).await?;
    save(&mut tx, peer, &known, &batch, now).await?;
    if let Some(fork) = batch.fork {
        told.extend(quarantine(relay, &mut tx, &known, &batch.head, fork).await?);
    }
    bus::outbox::push(&mut tx, &told, now).await?;
    tx.commit().await?;
    relay.bus.ring();
    tell_sre(relay, peer, &batch);
    Ok(Receipt { head: batch.head, results: batch.results, gap: batch.gap })
}

/// A batch while its records are judged one by one.
struct Batch<'r> {
    head: Head,
    stored: BTreeMap<(i64, i64), Hash>,
    /// Nothing is posted from the first fork on.
    forked: bool,
    /// The first fork of this batch.
    fork: Option<Fork>,
    appended: Vec<&'r Checked>,
    apart: Vec<&'r Checked>,
    evidence: Vec<Evidence>,
    results: Vec<(i64, Done)>,
    gap: Option<(i64, i64)>,
}

impl<'r> Batch<'r> {
    fn new(known: &Known, stored: BTreeMap<(i64, i64), Hash>) -> Result<Batch<'r>, Error> {
        let forked = match known.device.state {
            // Until the second person has looked, its records wait in the device: nothing is lost.
            State::Registered | State::Pending { .. } => return Err(Error::NotActive),
            State::Active { .. } => false,
            State::Quarantined { .. } => true,
        };
        let (appended, apart, evidence, results) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let head = known.head;
        Ok(Batch { head, stored, forked, fork: None, appended, apart, evidence, results, gap: None })
    }

    /// False at a gap: what comes after it is not looked at.
    fn judge(&mut self, record: &'r Checked) -> bool {
        let (epoch, seq) = (record.signed.record.epoch, record.signed.record.seq);
        let verdict = self.head.judge(&record.signed, self.stored.get(&(epoch, seq)).copied());
        let done = match verdict {
            Verdict::Duplicate => Done::Duplicate,
            Verdict::Append(_) | Verdict::Gap { .. } if self.forked => self.set_apart(record),
            Verdict::Append(head) => {
                self.head = head;
                self.stored.insert((epoch, seq), record.signed.hash);
                self.appended.push(record);
                Done::Appended
            }
            Verdict::Fork(fork) => {
                self.found(record, fork);
                self.set_apart(record)
            }
            Verdict::Gap { epoch, need_from } => {
                self.gap = Some((epoch, need_from));
                return false;
            }
        };
        self.results.push((seq, done));
        true
    }

    fn set_apart(&mut self, record: &'r Checked) -> Done {
        self.apart.push(record);
        Done::Quarantined
    }

    fn found(&mut self, record: &Checked, fork: Fork) {
        self.forked = true;
        self.fork.get_or_insert(fork);
        self.evidence.push(Evidence::new(Kind::Fork, fork.detail(), &record.canonical));
    }
}

/// Reads what the appended records mean, and gives what others must hear.
async fn post(
    relay: &Relay,
    tx: &mut Tx,
    peer: &Peer,
    batch: &mut Batch<'_>,
    now: OffsetDateTime,
) -> Result<Vec<Event>, Error> {
    let named: BTreeSet<String> =
        batch.appended.iter().filter_map(|r| cash::session_of(&r.signed.record)).map(str::to_owned).collect();
    if named.is_empty() && batch.appended.is_empty() {
        return Ok(Vec::new());
    }
    let named: Vec<String> = named.into_iter().collect();
    let mut sessions = store::session::of(tx, &peer.device_id, &named).await?;
    let mut told = Vec::new();
    for Checked { signed, canonical } in &batch.appended {
        let meaning = cash::read(&signed.record, &mut sessions);
        match &meaning {
            Meaning::UnreadableCash => {
                let detail = "cash without a readable amount: count the unit";
                batch.evidence.push(Evidence::new(Kind::UnreadableCash, detail, canonical));
            }
            Meaning::OddSession(detail) => {
                batch.evidence.push(Evidence::new(Kind::OddSession, *detail, canonical));
            }
            Meaning::Nothing | Meaning::Stacked { .. } | Meaning::Closed { .. } => {}
        }
        told.extend(events::of(&peer.device_id, &signed.record, &meaning, relay.ids.uuid(now), now));
    }
    store::session::save(tx, &peer.device_id, &sessions, now).await?;
    Ok(told)
}

async fn save(
    tx: &mut Tx,
    peer: &Peer,
    known: &Known,
    batch: &Batch<'_>,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let device_id = &peer.device_id;
    if !batch.appended.is_empty() {
        store::journal::append(tx, device_id, &batch.appended, now).await?;
        store::device::advance(tx, device_id, &known.head, &batch.head).await?;
    }
    if !batch.apart.is_empty() {
        store::journal::quarantine(tx, device_id, &batch.apart, now).await?;
    }
    store::evidence::keep(tx, device_id, &batch.evidence, now).await?;
    store::device::seen(tx, device_id, now).await
}

/// Quarantines the device, and gives what others must hear: no record will close its open sessions.
async fn quarantine(
    relay: &Relay,
    tx: &mut Tx,
    known: &Known,
    head: &Head,
    fork: Fork,
) -> Result<Vec<Event>, Error> {
    let at = relay.clock.now();
    let (after, effect) = known.device.step(Command::Fork, at)?;
    if effect != Effect::Quarantined {
        return Ok(Vec::new()); // told at the first fork
    }
    store::device::save(tx, &known.device, &after).await?;
    let open = store::session::open(tx, &after.device_id).await?;
    let quarantine = events::Quarantine { device: &after, epoch: head.epoch, at, reason: fork.detail() };
    Ok(quarantine.events(&open, &relay.ids))
}

fn tell_sre(relay: &Relay, peer: &Peer, batch: &Batch<'_>) {
    for (_, done) in &batch.results {
        relay.metrics.record(done.name());
    }
    relay.metrics.evidence(&batch.evidence);
    for evidence in &batch.evidence {
        tracing::error!(device = %peer.device_id, kind = evidence.kind.name(), detail = evidence.detail, "a journal needs a person");
    }
}
