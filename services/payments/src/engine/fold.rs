//! Folding a batch through the domain, in the order its commands came.

use prost::Message as _;
use proto::payments::v1 as pb;

use super::{
    Answer, Job, Key,
    batch::{First, Loaded, Writes},
};
use crate::{
    Error,
    domain::{Moment, Reply, decide},
    store::idempotency,
    wire,
};

/// A folded batch: an answer for each command, and what all together write.
pub(super) struct Folded {
    pub answers: Vec<Result<Answer, Error>>,
    pub writes: Box<Writes>,
}

/// Folds the commands. A refused one changes nothing, so it does not spoil the others; a twin gets the first's answer.
pub(super) fn fold(loaded: Loaded, jobs: &[Job], at: &Moment<'_>) -> Folded {
    let Loaded { world, mut first, before } = loaded;
    let mut writes = Box::new(Writes::over(world, before));
    let mut answers = Vec::with_capacity(jobs.len());
    for job in jobs {
        if let Some(known) = known(&first, job) {
            answers.push(known);
            continue;
        }
        let (changes, reply) = match decide(&writes.world, &job.command, at) {
            Ok(decided) => decided,
            Err(refusal) => {
                answers.push(Err(refusal.into()));
                continue;
            }
        };
        writes.add(changes, job.traceparent.as_ref());
        let answer = answer(&reply);
        if let (Some(Key { scope, key, body_hash }), Answer::Bytes(response)) = (job.key.clone(), &answer) {
            let name = (scope.clone(), key.clone());
            let kept = idempotency::Answer { scope, key, body_hash, response: response.clone() };
            first.insert(name, kept.clone());
            writes.first.push(kept);
        }
        answers.push(Ok(answer));
    }
    // All are answered after the batch: who was refused before its twin was done hears what was done.
    for (job, answer) in jobs.iter().zip(&mut answers) {
        if let Err(Error::Refused(_)) = &answer
            && let Some(Ok(done)) = known(&first, job)
        {
            *answer = Ok(done);
        }
    }
    Folded { answers, writes }
}

/// The answer that a command's key has already, if it has one.
fn known(first: &First, job: &Job) -> Option<Result<Answer, Error>> {
    let key = job.key.as_ref()?;
    let known = first.get(&(key.scope.clone(), key.key.clone()))?;
    let same = known.body_hash == key.body_hash;
    Some(if same { Ok(Answer::Bytes(known.response.clone())) } else { Err(Error::KeyReused) })
}

/// The bytes that every replay gets.
fn answer(reply: &Reply) -> Answer {
    let bytes = match reply {
        Reply::Done => return Answer::Done,
        Reply::Started { payments, attempt } => {
            let mut payments = payments.iter().map(|payment| wire::payment(payment, Some(&attempt.state)));
            let payment = payments.next();
            pb::StartPaymentResponse { payment, others: payments.collect() }.encode_to_vec()
        }
        Reply::Recorded(payment) => {
            pb::RecordPaymentResponse { payment: Some(wire::payment(payment, None)) }.encode_to_vec()
        }
        Reply::Receivable(receivable) => {
            pb::AmendReceivableResponse { receivable: Some(wire::receivable(receivable)) }.encode_to_vec()
        }
        Reply::Refund(refund) => {
            pb::RequestRefundResponse { refund: Some(wire::refund(refund)) }.encode_to_vec()
        }
        Reply::Dispute(dispute) => {
            pb::OpenDisputeResponse { dispute: Some(wire::dispute(dispute)) }.encode_to_vec()
        }
        Reply::Credit(credit) => {
            pb::ApplyCreditResponse { credit: Some(wire::credit(credit)) }.encode_to_vec()
        }
        Reply::Adjustment(adjustment) => {
            let adjustment = Some(wire::adjustment(adjustment));
            pb::RequestAdjustmentResponse { adjustment }.encode_to_vec()
        }
    };
    Answer::Bytes(bytes)
}
