//! One object against the platform: what is wanted, what is in force, and what was done about it. It knows no Kubernetes.
use std::sync::Arc;

use boot::Problem;

use crate::canonical;
use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::kinds::{Active, DriftPolicy, Kind, Origin, Way};

/// How the object stands after a look.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub verdict: Verdict,
    /// What the API calls what is in force.
    pub version: Option<String>,
    /// Of what is wanted; none, if it could not be read.
    pub hash: Option<String>,
}

/// What was found, and done.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The platform says what the object says; nothing was sent.
    InSync,
    /// It does now.
    Published,
    /// It did, then something else, and does again.
    Healed { drift: Vec<String> },
    /// It did, and says something else.
    Drifted { drift: Vec<String> },
    /// The platform does not take it. `drift`: it did before.
    Refused { problem: Problem, drift: Vec<String> },
}

/// Looks at the platform, and publishes what is new there. The same object twice publishes nothing.
///
/// # Errors
/// `Away`, `NotLeading`: nothing is known; look again. A refusal is an outcome and no error.
pub async fn reconcile<K: Kind>(object: &K, all: &[Arc<K>], api: &Catalogue) -> Result<Outcome, Error> {
    let wanted = match object.wanted() {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Outcome { verdict: refused(error, Vec::new())?, version: None, hash: None }),
    };
    let hash = Some(canonical::hash(&wanted));
    let before = object.active(api, all).await?;
    let drift = match &before {
        Some(active) if active.says == wanted => {
            return Ok(Outcome { verdict: Verdict::InSync, version: active.version.clone(), hash });
        }
        Some(active) => told(canonical::differences(&wanted, &active.says), active),
        None => vec!["nothing of it is in force".to_owned()],
    };
    let version = before.as_ref().and_then(|active| active.version.clone());
    let was_in_force = object.status().is_some_and(|status| status.hash == hash);
    let way = match (was_in_force, &before, object.drift_policy()) {
        (true, _, DriftPolicy::Flag)
        | (true, Some(Active { origin: Origin::Git, .. }), DriftPolicy::Heal) => {
            return Ok(Outcome { verdict: Verdict::Drifted { drift }, version, hash });
        }
        (true, Some(active), DriftPolicy::Heal) => Way::Over(active),
        (true, None, DriftPolicy::Heal) | (false, _, DriftPolicy::Flag | DriftPolicy::Heal) => {
            Way::First { before: before.as_ref() }
        }
    };
    let drift = if was_in_force { drift } else { Vec::new() };

    if let Err(error) = object.publish(api, way).await {
        return Ok(Outcome { verdict: refused(error, drift)?, version, hash });
    }
    let after = object.active(api, all).await?;
    let version = after.as_ref().and_then(|active| active.version.clone());
    let verdict = match after {
        Some(active) if active.says != wanted => {
            Verdict::Drifted { drift: told(canonical::differences(&wanted, &active.says), &active) }
        }
        None => Verdict::Drifted { drift: vec!["nothing of it is in force".to_owned()] },
        Some(_) if was_in_force => Verdict::Healed { drift },
        Some(_) => Verdict::Published,
    };
    Ok(Outcome { verdict, version, hash })
}

fn refused(error: Error, drift: Vec<String>) -> Result<Verdict, Error> {
    match error {
        Error::Refused(problem) => Ok(Verdict::Refused { problem, drift }),
        error @ (Error::Away(_) | Error::NotLeading | Error::Kubernetes(_)) => Err(error),
    }
}

/// What differs, and which version brought it.
fn told(mut differences: Vec<String>, active: &Active) -> Vec<String> {
    if let (Some(version), Some(since)) = (&active.version, active.since) {
        differences.push(format!("by version {version} from {since}"));
    }
    differences
}
