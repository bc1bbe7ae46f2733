//! Refunds, disputes, credits, adjustments.

use std::collections::BTreeSet;

use money::Money;

use super::{
    Arrow,
    samples::{DUE, NOW, adjustment, credit, dispute, refund},
};
use crate::domain::{
    adjustment::{self, Adjustment},
    credit::{self, Credit},
    dispute::{self, Dispute},
    refund::{self, Answer, Refund},
};

fn by() -> String {
    String::from("staff:second")
}

pub(super) fn refunds() -> BTreeSet<Arrow> {
    use refund::{Command as C, State as S};
    let states = [
        S::Requested,
        S::Approved { by: by() },
        S::Rejected { by: by() },
        S::Submitted { by: by() },
        S::Unknown { by: by(), since: NOW },
        S::Succeeded { by: by(), reference: String::from("R") },
        S::Failed { by: by(), reason: String::from("no") },
    ];
    let commands = [
        C::Approve { by: by(), alone: Money::fils(0) },
        C::Reject { by: by() },
        C::Record(Answer::NotThere),
        C::Record(Answer::Silence),
        C::Record(Answer::Pending),
        C::Record(Answer::Done { reference: String::from("R"), amount: DUE }),
        C::Record(Answer::Done { reference: String::from("R"), amount: Money::fils(1) }),
        C::Record(Answer::Declined { reason: String::from("no") }),
    ];
    let mut arrows = BTreeSet::new();
    for state in states {
        for command in &commands {
            let before = Refund { state: state.clone(), ..refund() };
            if let Ok((after, _)) = before.step(command.clone(), NOW) {
                arrows.insert((before.state.name(), command.name(), after.state.name()));
            }
        }
    }
    arrows
}

pub(super) fn disputes() -> BTreeSet<Arrow> {
    use dispute::{Command as C, State as S};
    let mut arrows = BTreeSet::new();
    for state in [S::Opened, S::Won { by: by() }, S::Lost { by: by() }] {
        for command in [C::Win { by: by() }, C::Lose { by: by() }] {
            let before = Dispute { state: state.clone(), ..dispute() };
            let name = command.name();
            if let Ok(after) = before.step(command) {
                arrows.insert((before.state.name(), name, after.state.name()));
            }
        }
    }
    arrows
}

pub(super) fn credits() -> BTreeSet<Arrow> {
    use credit::Command as C;
    let (none, part) = (Money::fils(0), Money::fils(1_000));
    let mut arrows = BTreeSet::new();
    for (reserved, used) in [(none, none), (part, none), (none, part), (DUE, none), (none, DUE)] {
        let commands = [part, DUE].map(|a| [C::Apply(a), C::Reserve(a), C::Release(a), C::PayOut(a)]);
        for command in commands.into_iter().flatten() {
            let before = Credit { reserved, used, ..credit() };
            if let Ok(after) = before.step(command)
                && !after.reserved.is_negative()
            {
                arrows.insert((before.state(), command.name(), after.state()));
            }
        }
    }
    arrows
}

pub(super) fn adjustments() -> BTreeSet<Arrow> {
    use adjustment::{Command as C, State as S};
    let mut arrows = BTreeSet::new();
    for state in [S::Requested, S::Done { by: by() }, S::Rejected { by: by() }] {
        for command in [C::Approve { by: by() }, C::Reject { by: by() }] {
            let before = Adjustment { state: state.clone(), ..adjustment() };
            let name = command.name();
            if let Ok(after) = before.step(command) {
                arrows.insert((before.state.name(), name, after.state.name()));
            }
        }
    }
    arrows
}
