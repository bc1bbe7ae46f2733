//! What an object says about itself after a look: conditions that move only when something has.
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;
use time::OffsetDateTime;

use crate::kinds::Status;
use crate::reconcile::{Outcome, Verdict};

/// The longest message, in characters.
const MAX_MESSAGE: usize = 1_000;

const TRUE: &str = "True";
const FALSE: &str = "False";

/// A condition before it has a time.
struct Said {
    /// As Kubernetes writes it.
    status: &'static str,
    reason: String,
    message: String,
}

impl Said {
    fn new(status: &'static str, reason: &str, message: &str) -> Said {
        Said { status, reason: reason.to_owned(), message: message.chars().take(MAX_MESSAGE).collect() }
    }
}

fn ready(verdict: &Verdict) -> Said {
    match verdict {
        Verdict::InSync | Verdict::Published => {
            Said::new(TRUE, "InForce", "The platform says what the object says.")
        }
        Verdict::Healed { drift } => {
            Said::new(TRUE, "Healed", &format!("Published again; in its place was: {}.", drift.join("; ")))
        }
        Verdict::Drifted { .. } => Said::new(FALSE, "Drifted", "The platform says something else by now."),
        Verdict::Refused { problem, .. } => Said::new(FALSE, problem.code.as_str(), &problem.detail),
    }
}

fn drifted(verdict: &Verdict) -> Said {
    match verdict {
        Verdict::InSync | Verdict::Published | Verdict::Healed { .. } => Said::new(FALSE, "InForce", ""),
        Verdict::Refused { drift, .. } if drift.is_empty() => Said::new(FALSE, "NotInForce", ""),
        Verdict::Drifted { drift } | Verdict::Refused { drift, .. } => {
            Said::new(TRUE, "ChangedInThePlatform", &drift.join("; "))
        }
    }
}

/// The status after a look at `generation`. The same look again gives the same status, so that nothing is written.
pub fn after(
    before: Option<&Status>,
    generation: Option<i64>,
    outcome: &Outcome,
    now: OffsetDateTime,
) -> Status {
    let before = before.cloned().unwrap_or_default();
    let settled = match &outcome.verdict {
        Verdict::InSync | Verdict::Published | Verdict::Healed { .. } => true,
        Verdict::Drifted { .. } | Verdict::Refused { .. } => false,
    };
    let ready = kept_if_healed(&before, outcome, ready(&outcome.verdict));
    let conditions = [("Ready", ready), ("Drifted", drifted(&outcome.verdict))];
    Status {
        conditions: conditions
            .into_iter()
            .map(|(kind, said)| condition(&before, kind, said, (generation, now)))
            .collect(),
        observed_generation: generation,
        version: outcome.version.clone(),
        hash: if settled { outcome.hash.clone() } else { before.hash },
    }
}

/// That it was healed stays to be read while nothing else happens.
fn kept_if_healed(before: &Status, outcome: &Outcome, said: Said) -> Said {
    let known = before.conditions.iter().find(|known| known.type_ == "Ready" && known.reason == "Healed");
    match (&outcome.verdict, known) {
        (Verdict::InSync, Some(known)) if before.hash == outcome.hash => {
            Said::new(TRUE, "Healed", &known.message)
        }
        (_, _) => said,
    }
}

fn condition(
    before: &Status,
    kind: &str,
    said: Said,
    (generation, now): (Option<i64>, OffsetDateTime),
) -> Condition {
    let known = before.conditions.iter().find(|known| known.type_ == kind && known.status == said.status);
    let since = known.map_or_else(|| moment(now), |known| known.last_transition_time.clone());
    Condition {
        type_: kind.to_owned(),
        status: said.status.to_owned(),
        reason: said.reason,
        message: said.message,
        last_transition_time: since,
        observed_generation: generation,
    }
}

/// Kubernetes keeps seconds.
fn moment(at: OffsetDateTime) -> Time {
    Time(Timestamp::from_second(at.unix_timestamp()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use boot::Problem;
    use time::macros::datetime;

    use super::*;

    fn outcome(verdict: Verdict) -> Outcome {
        Outcome { verdict, version: Some("2".to_owned()), hash: Some("sha256:1".to_owned()) }
    }

    fn of<'s>(status: &'s Status, kind: &str) -> &'s Condition {
        status.conditions.iter().find(|condition| condition.type_ == kind).unwrap()
    }

    #[test]
    fn a_condition_keeps_its_time_until_it_turns() {
        let (early, late) = (datetime!(2026-01-01 00:00 UTC), datetime!(2026-01-02 00:00 UTC));
        let first = after(None, Some(1), &outcome(Verdict::Published), early);
        assert_eq!(
            (of(&first, "Ready").status.as_str(), of(&first, "Drifted").status.as_str()),
            ("True", "False")
        );
        assert_eq!(after(Some(&first), Some(1), &outcome(Verdict::InSync), late), first, "nothing to write");

        let drift = vec!["terms.fee: 1 in the object, 2 in force".to_owned()];
        let drifted = after(Some(&first), Some(1), &outcome(Verdict::Drifted { drift }), late);
        assert_eq!(of(&drifted, "Drifted").last_transition_time, moment(late));
        assert!(of(&drifted, "Drifted").message.contains("2 in force"));
        assert_eq!(drifted.hash, first.hash, "what was in force is not forgotten");
    }

    #[test]
    fn a_refusal_is_in_the_platforms_own_words() {
        let problem =
            Problem::new(tonic::Code::FailedPrecondition, "schedule_overlap", "version 1 begins already");
        let verdict = Verdict::Refused { problem, drift: Vec::new() };
        let status = after(None, Some(3), &outcome(verdict), datetime!(2026-01-01 00:00 UTC));
        let ready = of(&status, "Ready");
        assert_eq!(
            (ready.reason.as_str(), ready.message.as_str()),
            ("schedule_overlap", "version 1 begins already")
        );
        assert_eq!(
            (ready.observed_generation, status.hash.clone(), of(&status, "Drifted").status.as_str()),
            (Some(3), None, "False")
        );
    }

    #[test]
    fn that_it_was_healed_stays_to_be_read() {
        let now = datetime!(2026-01-01 00:00 UTC);
        let healed = after(None, Some(1), &outcome(Verdict::Healed { drift: vec!["x".to_owned()] }), now);
        assert_eq!(
            of(&after(Some(&healed), Some(1), &outcome(Verdict::InSync), now), "Ready").reason,
            "Healed"
        );
        let other = Outcome { hash: Some("sha256:2".to_owned()), ..outcome(Verdict::Published) };
        assert_eq!(of(&after(Some(&healed), Some(2), &other, now), "Ready").reason, "InForce");
    }
}
