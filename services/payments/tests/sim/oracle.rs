//! The oracle: what callers were told, what consumers read, and what really happened to money, held against each other.

use std::collections::{BTreeMap, BTreeSet};

use payments::domain::{attempt, case::Kind, receivable::Receivable, refund, world::Told};

use super::{
    books,
    callers::{Call, Request},
    lane::Outcome,
    provider::State,
    run::Sim,
    worker::tail,
};

/// After quiescence.
pub fn check(sim: &mut Sim) {
    let mut broken = BTreeSet::new();
    books::check(sim, &mut broken);
    calls(sim, &mut broken);
    ends(sim, &mut broken);
    refunds(sim, &mut broken);
    events(sim, &mut broken);
    claims(sim, &mut broken);
    for rule in broken {
        sim.broke(rule);
    }
}

impl Sim {
    /// L4, as it is heard: a key that had its effect has its answer, and always the same.
    pub fn check_heard(&mut self, n: usize, outcome: &Outcome) {
        let call = self.calls.get(n).unwrap();
        let body = format!("{:?}", call.request);
        let first = self.store.first.get(&call.name()).filter(|first| first.body == body);
        let before = call.heard.iter().find(|(_, heard)| matches!(heard, Outcome::Ok(_)));
        let unknown_bill = |refusal| matches!(refusal, &payments::domain::Refusal::BillUnknown { .. });
        let rule = match (outcome, first) {
            (Outcome::Ok(reply), Some(first)) if first.reply != *reply => {
                "L4: a replay differs from the first answer"
            }
            (Outcome::Refused(refusal), Some(_)) if !unknown_bill(refusal) => {
                "L4: refused, and yet it was done"
            }
            (Outcome::KeyReused | Outcome::Failed | Outcome::Constraint(_), Some(_)) => {
                "L4: failed, and yet it was done"
            }
            (outcome @ Outcome::Ok(_), _) if before.is_some_and(|(_, before)| before != outcome) => {
                "L4: two answers to one key"
            }
            // A dispute has one name for ever; all else is refused by the domain, in words.
            (Outcome::Constraint(name), None) if *name != "dispute_once" => {
                return self.broke(format!("Q: a caller hears of {name}: {body}"));
            }
            (Outcome::Ok(_), None) => "L4: done, and nothing is kept of it",
            _as_it_should => return,
        };
        self.broke(format!("{rule}: {} {body}", call_name(self.calls.get(n).unwrap())));
    }
}

fn call_name(call: &Call) -> String {
    let (operation, key) = call.name();
    format!("{operation} {key}")
}

/// L4: each acknowledged success has its effect once, each acknowledged refusal none.
fn calls(sim: &Sim, broken: &mut BTreeSet<String>) {
    let world = &sim.store.world;
    let mut by_key: BTreeMap<_, Vec<&Call>> = BTreeMap::new();
    for call in &sim.calls {
        by_key.entry(call.name()).or_default().push(call);
    }
    for ((operation, key), calls) in by_key {
        let ok = |call: &&&Call| call.heard.iter().any(|(_, heard)| matches!(heard, Outcome::Ok(_)));
        let done: Vec<&&Call> = calls.iter().filter(ok).collect();
        let effects = match operation.as_str() {
            "Start" | "Receive" => {
                world.payments.values().filter(|payment| payment.contact_ref == key).count()
            }
            "RefundPayment" | "RefundCredit" => {
                world.refunds.values().filter(|refund| refund.reason == key).count()
            }
            "Dispute" => world.disputes.values().filter(|dispute| dispute.reason == key).count(),
            "WriteOff" | "Move" => {
                world.adjustments.values().filter(|adjustment| adjustment.reason == key).count()
            }
            _without_a_mark => continue,
        };
        let expected = match done.first().map(|call| &call.request) {
            Some(Request::Start { bills, .. }) => bills.len(),
            // The movement may be known by another key.
            Some(Request::Receive { .. }) => effects.min(1),
            Some(_) => 1,
            None if calls.iter().all(|call| call.knows()) => 0,
            None => effects.min(3),
        };
        if effects != expected || done.len() > 1 {
            broken.insert(format!("L4: {operation} {key} has {effects} effects, not {expected}"));
        }
    }
}

/// L5: nothing stays open without a person who looks; what ended without money, ended by the provider's own word.
fn ends(sim: &Sim, broken: &mut BTreeSet<String>) {
    for attempt in sim.store.world.attempts.values() {
        let source = format!("attempt:{}", attempt.id);
        let has_case = |kind: Kind| sim.store.cases.contains_key(&(kind.name(), source.clone()));
        let charge = sim.provider.charges.get(&attempt.id.0);
        if attempt.state.is_live() && !has_case(Kind::Contradiction) && !has_case(Kind::UnknownOutcome) {
            broken.insert(format!("L5: attempt {} stays {}", tail(attempt.id.0), attempt.state.name()));
        }
        let lies = charge.is_some_and(|charge| charge.lies);
        if has_case(Kind::Contradiction) && !lies {
            broken.insert(format!(
                "L15: attempt {} has a contradiction that nobody seeded",
                tail(attempt.id.0)
            ));
        }
        let mismatched = matches!(attempt.state, attempt::State::Mismatched { .. });
        if mismatched && !has_case(Kind::AmountMismatch) {
            broken
                .insert(format!("L5: attempt {} took another amount, and nobody looks", tail(attempt.id.0)));
        }
    }
    for told in &sim.store.outbox {
        let Told::Payment {
            what: "failed" | "expired" | "cancelled", payment, attempt: Some(attempt), ..
        } = told
        else {
            continue;
        };
        let ended = !matches!(attempt.state, attempt::State::Mismatched { .. });
        let charge = sim.provider.charges.get(&attempt.id.0);
        if ended && charge.is_some_and(|charge| charge.state == State::Paid && !charge.lies) {
            let (payment, attempt) = (tail(payment.id.0), tail(attempt.id.0));
            broken.insert(format!("L4: payment {payment} was told as ended, but {attempt} was taken"));
        }
    }
}

/// L10: what the provider and the bank gave back is what we say went back, and never more than came.
fn refunds(sim: &Sim, broken: &mut BTreeSet<String>) {
    for refund in sim.store.world.refunds.values() {
        let (id, fils) = (refund.id.0, refund.amount.minor_units());
        let given = sim.provider.refunds.get(&id);
        let by_provider = given.filter(|given| given.state == State::Paid).map_or(0, |given| given.gives);
        let by_bank = sim.bank.get(&id).copied().unwrap_or(0);
        let succeeded = matches!(refund.state, refund::State::Succeeded { .. });
        let has_case = sim.store.cases.contains_key(&("contradiction", format!("refund:{id}")));
        let open = matches!(refund.state, refund::State::Submitted { .. } | refund::State::Unknown { .. });
        let lies = given.is_some_and(|given| given.lies && given.state == State::Paid);
        let as_said = if lies {
            has_case && !succeeded
        } else {
            by_provider + by_bank == if succeeded { fils } else { 0 } && !has_case && !open
        };
        if !as_said {
            let state = refund.state.name();
            broken.insert(format!(
                "L10: refund {} of {fils} is {state}, provider gave {by_provider}, bank {by_bank}, case: {has_case}",
                tail(id)
            ));
        }
    }
    for payment in sim.store.world.payments.values() {
        let of = |refund: &&refund::Refund| matches!(&refund.of, refund::Of::Payment { payment_id, .. } if *payment_id == payment.id);
        let done = sim.store.world.refunds.values().filter(of);
        let done = done.filter(|refund| matches!(refund.state, refund::State::Succeeded { .. }));
        let back: i64 = done.map(|refund| refund.amount.minor_units()).sum();
        let kept = payment.amount.minor_units() - payment.credited.minor_units();
        if back > kept || back != payment.back.refunded.minor_units() {
            broken.insert(format!("L10: payment {} of {kept} gave {back} back", tail(payment.id.0)));
        }
    }
}

/// What was read of each aggregate, by version: the state, and the event.
type Read<'a> = BTreeMap<(&'static str, String), BTreeMap<i64, (&'static str, &'a Told)>>;

/// L8 and L9: a consumer that sorts by version has every step once, each a legal one, and ends where the rows are.
fn events(sim: &Sim, broken: &mut BTreeSet<String>) {
    let places: BTreeSet<usize> = sim.consumed.iter().copied().collect();
    if places.len() != sim.store.outbox.len() {
        broken.insert("L9: events were never published".to_owned());
    }
    let mut read: Read<'_> = BTreeMap::new();
    for told in &sim.store.outbox {
        let Some((noun, id, version, state)) = named(told) else { continue };
        if read.entry((noun, id)).or_default().insert(version, (state, told)).is_some() {
            broken.insert(format!("L8: a {noun} was told twice at version {version}"));
        }
    }
    // A payment's news tells of its bill too.
    for told in &sim.store.outbox {
        let Told::Payment { receivable, .. } = told else { continue };
        let steps = read.entry(("receivable", receivable.invoice_id.to_string())).or_default();
        let (_, first) = steps.entry(receivable.version).or_insert((receivable.state.name(), told));
        if bill_of(first) != Some(receivable) {
            broken.insert(format!("L8: {} is told in two ways", receivable.bill_reference));
        }
    }
    let legal: BTreeMap<&str, BTreeSet<(String, String)>> =
        ["payment", "receivable", "refund", "dispute", "credit"].map(|noun| (noun, arrows(noun))).into();
    for ((noun, id), steps) in &read {
        let states: Vec<_> = steps.values().map(|(state, _)| *state).collect();
        for (from, to) in states.iter().zip(states.iter().skip(1)) {
            if !legal.get(noun).unwrap().contains(&((*from).to_owned(), (*to).to_owned())) {
                broken.insert(format!("L8: {noun} went from {from} to {to}"));
            }
        }
        for ((_, (_, before)), (_, (_, told))) in steps.iter().zip(steps.iter().skip(1)) {
            let owed = |bill: &Receivable| (bill.due, bill.paid, bill.returned);
            if *noun == "receivable"
                && moves_no_money(told)
                && bill_of(before).map(owed) != bill_of(told).map(owed)
            {
                broken.insert(format!("L8: {noun} {id} stands at another sum, told as a step without money"));
            }
        }
        // A refund waits without telling; all others tell each step.
        let whole = *noun == "refund" || steps.keys().copied().eq(1..=i64::try_from(steps.len()).unwrap());
        let last = steps.last_key_value().map(|(_, (_, told))| *told);
        let is_row = |told| if *noun == "receivable" { is_bill(sim, told) } else { is_row(sim, told) };
        if !whole || !last.is_some_and(is_row) {
            let versions: Vec<_> = steps.keys().collect();
            broken.insert(format!("L8: {noun} {id} is not what was told of it, {versions:?}"));
        }
    }
    let rows = &sim.store.world;
    let count = |noun: &str| read.keys().filter(|(other, _)| *other == noun).count();
    let all = [
        ("payment", rows.payments.len()),
        ("receivable", rows.receivables.len()),
        ("credit", rows.credits.len()),
    ];
    for (noun, rows) in all {
        if count(noun) != rows {
            broken.insert(format!("L8: {rows} {noun}s, of which {} were told", count(noun)));
        }
    }
}

/// What `invoicing` and others leave out, as the proto says.
fn moves_no_money(told: &Told) -> bool {
    const PROTO: &str = include_str!("../../../../proto/mizan/payments/v1/payment.proto");
    match told {
        Told::Payment { what, .. } => {
            let words = PROTO.split("// No money moves: ").nth(1).unwrap().split('.').next().unwrap();
            words.split(" | ").any(|word| word == *what)
        }
        Told::Receivable { what, .. } => ["opened", "held", "released"].contains(what),
        Told::Refund { .. } | Told::Dispute { .. } | Told::Credit { .. } | Told::Case(_) => false,
    }
}

fn named(told: &Told) -> Option<(&'static str, String, i64, &'static str)> {
    Some(match told {
        Told::Payment { payment, .. } => {
            ("payment", payment.id.to_string(), payment.version, payment.state.name())
        }
        Told::Receivable { receivable, .. } => {
            ("receivable", receivable.invoice_id.to_string(), receivable.version, receivable.state.name())
        }
        Told::Refund { refund, .. } => ("refund", refund.id.to_string(), refund.version, refund.state.name()),
        Told::Dispute { dispute, .. } => {
            ("dispute", dispute.id.to_string(), dispute.version, dispute.state.name())
        }
        Told::Credit { credit, .. } => ("credit", credit.id.to_string(), credit.version, credit.state()),
        Told::Case(_) => return None,
    })
}

fn is_row(sim: &Sim, told: &Told) -> bool {
    let world = &sim.store.world;
    match told {
        Told::Payment { payment, .. } => world.payments.get(&payment.id) == Some(&**payment),
        Told::Refund { refund, .. } => world
            .refunds
            .get(&refund.id)
            .is_some_and(|row| row.state == refund.state && row.version >= refund.version),
        Told::Dispute { dispute, .. } => world.disputes.get(&dispute.id) == Some(dispute),
        Told::Credit { credit, .. } => world.credits.get(&credit.id) == Some(credit),
        Told::Receivable { .. } | Told::Case(_) => is_bill(sim, told),
    }
}

fn bill_of(told: &Told) -> Option<&Receivable> {
    match told {
        Told::Payment { receivable, .. } | Told::Receivable { receivable, .. } => Some(receivable),
        Told::Refund { .. } | Told::Dispute { .. } | Told::Credit { .. } | Told::Case(_) => None,
    }
}

fn is_bill(sim: &Sim, told: &Told) -> bool {
    bill_of(told).is_some_and(|bill| sim.store.world.receivables.get(&bill.invoice_id) == Some(bill))
}

/// The arrows of a noun's graph.
fn arrows(noun: &str) -> BTreeSet<(String, String)> {
    let dot = payments::states_dot(noun).unwrap();
    let arrow = |line: &str| {
        let (from, rest) = line.trim().split_once(" -> ")?;
        let (to, _) = rest.split_once(' ')?;
        Some((from.to_owned(), to.to_owned()))
    };
    dot.lines().filter_map(arrow).collect()
}

/// An answer under an older claim than one that was written already changes nothing.
fn claims(sim: &Sim, broken: &mut BTreeSet<String>) {
    let mut newest = BTreeMap::new();
    for (id, fence) in &sim.store.accepted {
        let before = newest.insert(*id, *fence);
        if before.is_some_and(|before| before >= *fence) {
            broken.insert(format!("An answer about {} under claim {fence} came after {before:?}", tail(*id)));
        }
    }
}
