//! The graphs of states, drawn by driving `step` over every state and command.
use std::collections::BTreeSet;
use std::fmt::Write as _;

use ids::{ChannelExceptionId, DraftId, PolicyId, Uuid};
use money::Money;
use time::{Date, OffsetDateTime};

use super::channel::{self, Channel};
use super::channel_exception::{self, ChannelException};
use super::draft::{self, Draft};
use super::fee_service::TaxCategory;
use super::policy::{self, Policy, Situation};
use super::terms::Terms;

/// From, by what, to.
type Arrow = (&'static str, &'static str, &'static str);

/// The states of `noun` as a graph in dot; none if it has no states here.
pub fn states_dot(noun: &str) -> Option<String> {
    let arrows = match noun {
        "policy" => policies()?,
        "channel_exception" => exceptions()?,
        "fee_draft" => drafts()?,
        _unknown => return None,
    };
    let mut dot = format!("digraph {noun} {{\n");
    for (from, by, to) in arrows {
        // Writing to a String cannot fail.
        writeln!(dot, "  {from} -> {to} [label=\"{by}\"];").ok();
    }
    dot.push_str("}\n");
    Some(dot)
}

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn by(who: &str) -> String {
    who.to_owned()
}

fn policies() -> Option<Vec<Arrow>> {
    use policy::{Command as C, State as S};
    let sample = Policy {
        id: PolicyId(Uuid::nil()),
        agency: "AAA".parse().ok()?,
        service: "A".parse().ok()?,
        valid_from: Date::MAX,
        channels: channel::all(),
        reason: String::new(),
        proposed_by: by("first"),
        state: S::Planned,
        created_at: NOW,
        version: 1,
    };
    let situation = Situation { now: NOW, notice_days: 0, open_without: channel::all() };
    let states = [S::Planned, S::Announced { by: by("second"), at: NOW }, S::Withdrawn { by: by("first") }];
    let commands = [C::Announce { by: by("second") }, C::Withdraw { by: by("first") }];
    let mut arrows = Vec::new();
    for state in states {
        let before = Policy { state, ..sample.clone() };
        for command in &commands {
            if let Ok(after) = before.step(command.clone(), &situation) {
                arrows.push((before.state.name(), command.name(), after.state.name()));
            }
        }
    }
    Some(arrows)
}

fn exceptions() -> Option<Vec<Arrow>> {
    use channel_exception::{Command as C, State as S};
    let sample = ChannelException {
        id: ChannelExceptionId(Uuid::nil()),
        agency: "AAA".parse().ok()?,
        service: "A".parse().ok()?,
        channel: Channel::CounterCash,
        from: Date::MAX,
        until: Date::MAX,
        most: Money::fils(1),
        reason: String::new(),
        requested_by: by("first"),
        state: S::Requested,
        created_at: NOW,
        version: 1,
    };
    let states = [
        S::Requested,
        S::Approved { by: by("second") },
        S::Rejected { by: by("second") },
        S::Ended { approved_by: by("second"), by: by("third") },
    ];
    let commands =
        [C::Approve { by: by("second") }, C::Reject { by: by("second") }, C::End { by: by("third") }];
    let mut arrows = Vec::new();
    for state in states {
        let before = ChannelException { state, ..sample.clone() };
        for command in &commands {
            if let Ok(after) = before.step(command.clone()) {
                arrows.push((before.state.name(), command.name(), after.state.name()));
            }
        }
    }
    Some(arrows)
}

fn drafts() -> Option<Vec<Arrow>> {
    use draft::{Command as C, State as S};
    let terms = Terms::of_fee("given", TaxCategory::Outside).ok()?;
    let sample = Draft {
        id: DraftId(Uuid::nil()),
        agency: "AAA".parse().ok()?,
        service: "A".parse().ok()?,
        valid_from: Date::MAX,
        terms: terms.clone(),
        authors: BTreeSet::from([by("first")]),
        state: S::Draft { remark: None },
        created_at: NOW,
        version: 1,
    };
    let situation = draft::Situation { today: Date::MIN, newest: None };
    let published = S::Published { submitted_by: by("first"), by: by("second"), schedule_version: 1 };
    let states = [
        S::Draft { remark: None },
        S::Submitted { by: by("first") },
        published,
        S::Withdrawn { by: by("first") },
    ];
    let commands = [
        C::Write { by: by("first"), valid_from: Date::MAX, terms: Box::new(terms) },
        C::Submit { by: by("first") },
        C::Publish { by: by("second") },
        C::Return { remark: String::new() },
        C::Withdraw { by: by("first") },
    ];
    let mut arrows = Vec::new();
    for state in states {
        let before = Draft { state, ..sample.clone() };
        for command in &commands {
            if let Ok(after) = before.step(command.clone(), &situation) {
                arrows.push((before.state.name(), command.name(), after.state.name()));
            }
        }
    }
    Some(arrows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_holds_the_graphs_of_the_code() {
        let readme = include_str!("../../README.md");
        for noun in ["policy", "channel_exception", "fee_draft"] {
            let graph = states_dot(noun).unwrap();
            assert!(readme.contains(graph.trim()), "paste into README.md:\n{graph}");
        }
        assert_eq!(states_dot("payment"), None);
    }

    #[test]
    fn one_person_alone_opens_and_closes_nothing() {
        let announced = policies().unwrap().into_iter().filter(|(_, _, to)| *to == "announced");
        assert_eq!(announced.collect::<Vec<_>>(), [("planned", "announce", "announced")]);
        let approved = exceptions().unwrap().into_iter().filter(|(_, _, to)| *to == "approved");
        assert_eq!(approved.collect::<Vec<_>>(), [("requested", "approve", "approved")]);
    }
}
