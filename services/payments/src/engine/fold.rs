//! Folding a batch through the domain, in the order its commands came.

use prost::Message as _;
use proto::payments::v1 as pb;

use super::{
    Answer, Job,
    batch::{Loaded, Writes},
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
        let key = job.key.as_ref().map(|key| ((key.scope.clone(), key.key.clone()), &key.body_hash));
        if let Some((name, body_hash)) = &key
            && let Some(known) = first.get(name)
        {
            let same = known.body_hash == **body_hash;
            answers.push(if same {
                Ok(Answer::Bytes(known.response.clone()))
            } else {
                Err(Error::KeyReused)
            });
            continue;
        }
        let (changes, reply) = match decide(&writes.world, &job.command, at) {
            Ok(decided) => decided,
            Err(refusal) => {
                answers.push(Err(refusal.into()));
                continue;
            }
        };
        writes.world.absorb(&changes);
        writes.add(changes, job.traceparent.as_ref());
        let answer = answer(&reply);
        if let (Some((name, body_hash)), Answer::Bytes(response)) = (key, &answer) {
            let (scope, key) = name.clone();
            let kept =
                idempotency::Answer { scope, key, body_hash: body_hash.clone(), response: response.clone() };
            first.insert(name, kept.clone());
            writes.first.push(kept);
        }
        answers.push(Ok(answer));
    }
    Folded { answers, writes }
}

fn answer(reply: &Reply) -> Answer {
    match reply {
        Reply::Done => Answer::Done,
        Reply::Started { payment, attempt } => {
            let payment = Some(wire::payment(payment, Some(attempt)));
            Answer::Bytes(pb::StartPaymentResponse { payment }.encode_to_vec())
        }
    }
}
