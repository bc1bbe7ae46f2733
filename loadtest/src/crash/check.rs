//! Compares what clients were told with what is in the books and in the provider's own book.
use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, stream};

use super::books::{Books, Collected, Movement, Refund};
use super::calls::{Ask, Call, Door, Heard};
use super::history::Story;
use super::wallet::Statement;

/// Repeated calls in flight.
const AT_ONCE: usize = 32;

/// What does not hold, the first of each kind first.
#[derive(Debug, Default)]
pub struct Offences {
    /// Told to a client or taken by the provider, and not in the books.
    pub lost: Vec<String>,
    /// In the books, and nobody was told or paid for it.
    pub doubled: Vec<String>,
    pub wrong: Vec<String>,
}

impl Offences {
    /// The first of all.
    pub fn first(&self) -> Option<&String> {
        self.lost.iter().chain(&self.doubled).chain(&self.wrong).next()
    }
}

/// Checks everything.
pub fn books(story: &Story, books: &Books, provider: Statement) -> Offences {
    let mut found = Offences::default();
    answered(story, &mut found);
    keys(story, books, &mut found);
    movements(story, books, &mut found);
    collected(story, books, &mut found);
    refunds(story, books, &mut found);
    refusals(story, books, &mut found);
    charges(books, provider.taken, &mut found);
    given_back(books, provider.given_back, &mut found);
    sums(books, &mut found);
    found
}

fn answered(story: &Story, found: &mut Offences) {
    let open = story.calls.values().filter(|told| told.answer.is_none());
    found.wrong.extend(open.map(|told| format!("never answered: {:?}", told.call)));
}

/// Each acknowledged key has its record, with the bytes that the client got.
fn keys(story: &Story, books: &Books, found: &mut Offences) {
    let answers = books.answers.iter().map(|row| ((row.scope.as_str(), row.key.as_str()), &row.sha256));
    let answers: BTreeMap<_, _> = answers.collect();
    for (call, sha256, _id) in story.acknowledged() {
        match answers.get(&(call.scope().as_str(), call.key.as_str())) {
            None => found.lost.push(format!("acknowledged, and its key has no record: {call:?}")),
            Some(kept) if *kept != sha256 => {
                found.wrong.push(format!("the kept answer is not what the client got: {call:?}"));
            }
            Some(_same) => {}
        }
    }
    let told: BTreeSet<_> = story.acknowledged().map(|(call, ..)| (call.scope(), call.key.clone())).collect();
    let untold = books.answers.iter().filter(|row| !told.contains(&(row.scope.clone(), row.key.clone())));
    found.doubled.extend(untold.map(|row| format!("kept, and nobody was told: {} {}", row.scope, row.key)));
}

/// Each movement that was acknowledged stands in the books once and as it was told, and no other.
fn movements(story: &Story, books: &Books, found: &mut Offences) {
    let mut booked: BTreeMap<(&str, &str), Vec<&Movement>> = BTreeMap::new();
    for row in &books.movements {
        booked.entry((&row.provider, &row.provider_reference)).or_default().push(row);
    }
    let mut told = BTreeSet::new();
    for (call, _sha256, id) in story.acknowledged() {
        let Ask::Record { bill, provider, reference, fils } = &call.ask else { continue };
        told.insert((provider.as_str(), reference.as_str()));
        match booked.get(&(provider.as_str(), reference.as_str())).map(Vec::as_slice) {
            None | Some([]) => found.lost.push(format!("acknowledged and not booked: {call:?}")),
            Some([one]) => {
                if one.payment_id != id || one.bill_reference != *bill || one.amount_fils != *fils {
                    found.wrong.push(format!("booked otherwise than told: {call:?} as {one:?}"));
                }
            }
            Some(several) => found.doubled.push(format!("booked {} times: {call:?}", several.len())),
        }
    }
    let untold = books
        .movements
        .iter()
        .filter(|row| !told.contains(&(row.provider.as_str(), row.provider_reference.as_str())));
    found.doubled.extend(untold.map(|row| format!("booked, and nobody was told: {row:?}")));
}

/// Each start that was acknowledged is one payment, and there is no other.
fn collected(story: &Story, books: &Books, found: &mut Offences) {
    let rows = books.collected.iter().map(|row: &Collected| (&row.contact_ref, &row.payment_id));
    let starts = story.acknowledged().filter(|(call, ..)| matches!(call.ask, Ask::Start { .. }));
    once("payment", starts, rows, found);
}

fn refunds(story: &Story, books: &Books, found: &mut Offences) {
    let rows = books.refunds.iter().map(|row: &Refund| (&row.reason, &row.refund_id));
    let asked = story.acknowledged().filter(|(call, ..)| matches!(call.ask, Ask::RequestRefund { .. }));
    once("refund", asked, rows, found);
    let over = books.overdrawn.iter();
    found.wrong.extend(over.map(|payment| format!("more went back than came: payment {payment}")));
    // A decided refund never falls back to where nobody had decided.
    let states: BTreeMap<_, _> =
        books.refunds.iter().map(|row| (row.refund_id.as_str(), row.state.as_str())).collect();
    for (call, _sha256, id) in story.acknowledged() {
        let state = states.get(id).copied();
        let fits = match &call.ask {
            Ask::ApproveRefund { .. } => state.is_some_and(|state| state != "requested"),
            Ask::RecordPayout { .. } => state == Some("succeeded"),
            Ask::Record { .. } | Ask::Start { .. } | Ask::RequestRefund { .. } => true,
        };
        if !fits {
            found.lost.push(format!("acknowledged, and the refund is {state:?}: {call:?}"));
        }
    }
}

/// `rows` are what stands in the books: the call's id that went with it, and its own.
fn once<'a>(
    what: &str,
    acknowledged: impl Iterator<Item = (&'a Call, &'a str, &'a str)>,
    rows: impl Iterator<Item = (&'a String, &'a String)>,
    found: &mut Offences,
) {
    let mut made: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (call_id, id) in rows {
        made.entry(call_id).or_default().push(id);
    }
    for (call, _sha256, id) in acknowledged {
        match made.remove(call.id.as_str()).as_deref() {
            None | Some([]) => found.lost.push(format!("acknowledged, and there is no {what}: {call:?}")),
            Some([one]) if *one == id => {}
            Some([one]) => found.wrong.push(format!("told {id}, and it is {one}: {call:?}")),
            Some(several) => found.doubled.push(format!("{} {what}s of {call:?}", several.len())),
        }
    }
    found.doubled.extend(made.into_iter().map(|(call, ids)| format!("untold: {what}s {ids:?} of {call}")));
}

/// What was refused left no trace.
fn refusals(story: &Story, books: &Books, found: &mut Offences) {
    let traces = (books.movements.iter().map(|row| row.contact_ref.as_str()))
        .chain(books.collected.iter().map(|row| row.contact_ref.as_str()))
        .chain(books.refunds.iter().map(|row| row.reason.as_str()));
    let traces: BTreeSet<&str> = traces.collect();
    let keys: BTreeSet<_> = books.answers.iter().map(|row| (row.scope.as_str(), row.key.as_str())).collect();
    for call in story.refused() {
        let own_key = call.key == call.id && keys.contains(&(call.scope().as_str(), call.key.as_str()));
        if own_key || traces.contains(call.id.as_str()) {
            found.wrong.push(format!("refused, and yet it changed something: {call:?}"));
        }
    }
}

/// What the provider took is captured, each once, and nothing else is.
fn charges(books: &Books, mut taken: BTreeMap<String, i64>, found: &mut Offences) {
    for row in books.collected.iter().filter(|row| row.attempt_state == "paid") {
        match taken.remove(&row.attempt_id) {
            None => found.doubled.push(format!("captured, and the provider took nothing: {row:?}")),
            Some(fils) if fils != row.amount_fils || !has_money(&row.state) => {
                found.wrong.push(format!("the provider took {fils}: {row:?}"));
            }
            Some(_fils) => {}
        }
    }
    let lost = taken.into_iter();
    found.lost.extend(lost.map(|(attempt, fils)| format!("the provider took {fils} for attempt {attempt}")));
}

fn has_money(state: &str) -> bool {
    matches!(state, "captured" | "late" | "partially_refunded" | "refunded")
}

fn given_back(books: &Books, mut given: BTreeMap<String, i64>, found: &mut Offences) {
    for row in books.refunds.iter().filter(|row| row.to_provider && row.state == "succeeded") {
        match given.remove(&row.refund_id) {
            None => found.doubled.push(format!("the provider gave nothing back: {row:?}")),
            Some(fils) if fils != row.amount_fils => {
                found.wrong.push(format!("the provider gave {fils} back: {row:?}"));
            }
            Some(_fils) => {}
        }
    }
    let lost = given.into_iter();
    found.lost.extend(lost.map(|(refund, fils)| format!("the provider gave {fils} back for {refund}")));
}

/// The journals say the same sums as the payments.
fn sums(books: &Books, found: &mut Offences) {
    let journals = |kinds: &[&str]| -> (i64, i64) {
        let those = books.clearing.iter().filter(|(kind, ..)| kinds.contains(&kind.as_str()));
        those.fold((0, 0), |(count, sum), (_, more, fils)| (count + more, sum + fils))
    };
    let told = books.movements.iter().map(|row| row.amount_fils);
    let taken = books.collected.iter().filter(|row| has_money(&row.state)).map(|row| row.amount_fils);
    let total = |amounts: &mut dyn Iterator<Item = i64>| {
        amounts.fold((0_i64, 0_i64), |(count, sum), fils| (count + 1, sum + fils))
    };
    for (what, payments, booked) in [
        ("recorded", total(&mut told.into_iter()), journals(&["payment_recorded"])),
        ("captured", total(&mut taken.into_iter()), journals(&["wallet_captured", "wallet_late"])),
    ] {
        if payments != booked {
            found.wrong.push(format!("{what}: payments {payments:?}, journals {booked:?} (count, fils)"));
        }
    }
}

/// Sends every acknowledged call once more: the answers are equal to the byte. Gives how many were sent.
pub async fn repeat_all(story: &Story, door: &Door, found: &mut Offences) -> usize {
    let all: Vec<_> = story.acknowledged().collect();
    let repeated = all.len();
    let answers = stream::iter(all).map(|(call, sha256, id)| async move {
        let first = Heard::Success { sha256: sha256.to_owned(), id: id.to_owned() };
        let heard = door.send(call).await;
        (heard != first).then(|| format!("{call:?} was answered {first:?} and now {heard:?}"))
    });
    let differing: Vec<Option<String>> = answers.buffer_unordered(AT_ONCE).collect().await;
    found.wrong.extend(differing.into_iter().flatten());
    repeated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::books::Answer;
    use crate::crash::history::Told;

    fn recorded(id: &str, answer: Heard) -> Told {
        let (bill, provider, reference) = ("S-1".to_owned(), "bank-a".to_owned(), format!("m-{id}"));
        let ask = Ask::Record { bill, provider, reference, fils: 100 };
        let call = Call { id: id.to_owned(), key: id.to_owned(), actor: "client:1".to_owned(), ask };
        Told { call, tries: 1, answer: Some(answer) }
    }

    fn acknowledged(id: &str) -> Told {
        recorded(id, Heard::Success { sha256: format!("hash-{id}"), id: format!("payment-{id}") })
    }

    fn story(told: impl IntoIterator<Item = Told>) -> Story {
        let calls = told.into_iter().map(|told| (told.call.id.clone(), told)).collect();
        Story { calls, answers: BTreeMap::new() }
    }

    fn booked(ids: &[&str]) -> Books {
        let movement = |id: &&str| Movement {
            payment_id: format!("payment-{id}"),
            provider: "bank-a".to_owned(),
            provider_reference: format!("m-{id}"),
            bill_reference: "S-1".to_owned(),
            amount_fils: 100,
            contact_ref: (*id).to_owned(),
        };
        let answer = |id: &&str| Answer {
            scope: "record-payment - client:1".to_owned(),
            key: (*id).to_owned(),
            sha256: format!("hash-{id}"),
        };
        let count = i64::try_from(ids.len()).unwrap();
        Books {
            movements: ids.iter().map(movement).collect(),
            collected: Vec::new(),
            refunds: Vec::new(),
            answers: ids.iter().map(answer).collect(),
            overdrawn: Vec::new(),
            clearing: vec![("payment_recorded".to_owned(), count, count * 100)],
            stripes: 2,
        }
    }

    fn count(found: &Offences) -> (usize, usize, usize) {
        (found.lost.len(), found.doubled.len(), found.wrong.len())
    }

    #[test]
    fn what_was_told_and_stands_in_the_books_is_well() {
        let found =
            books(&story([acknowledged("a"), acknowledged("b")]), &booked(&["a", "b"]), Statement::default());
        assert_eq!((count(&found), found.first()), ((0, 0, 0), None));
    }

    #[test]
    fn an_acknowledged_payment_that_is_gone_is_lost() {
        let found =
            books(&story([acknowledged("a"), acknowledged("b")]), &booked(&["a"]), Statement::default());
        assert_eq!(count(&found), (2, 0, 0), "its key and its movement: {found:?}");
    }

    #[test]
    fn a_payment_that_nobody_was_told_of_is_doubled() {
        let found = books(&story([acknowledged("a")]), &booked(&["a", "b"]), Statement::default());
        assert_eq!(count(&found), (0, 2, 0), "its key and its movement: {found:?}");
        let mut twice = booked(&["a", "a"]);
        twice.answers.pop();
        let found = books(&story([acknowledged("a")]), &twice, Statement::default());
        assert_eq!(count(&found), (0, 1, 0), "{found:?}");
    }

    #[test]
    fn other_bytes_other_sums_and_traces_of_refusals_are_wrong() {
        let mut other = booked(&["a"]);
        other.answers.iter_mut().for_each(|answer| answer.sha256 = "other".to_owned());
        let found = books(&story([acknowledged("a")]), &other, Statement::default());
        assert_eq!(count(&found), (0, 0, 1), "{found:?}");

        let mut short = booked(&["a"]);
        short.clearing = vec![("payment_recorded".to_owned(), 1, 99)];
        let found = books(&story([acknowledged("a")]), &short, Statement::default());
        assert_eq!(count(&found), (0, 0, 1), "{found:?}");

        let refused = recorded("b", Heard::Refused { code: "bill_unknown".to_owned() });
        let found = books(&story([acknowledged("a"), refused]), &booked(&["a", "b"]), Statement::default());
        assert_eq!(found.wrong.len(), 1, "{found:?}");

        let open = Told { answer: None, ..acknowledged("a") };
        assert_eq!(count(&books(&story([open]), &booked(&[]), Statement::default())), (0, 0, 1));
    }

    #[test]
    fn money_that_a_provider_moved_and_nobody_booked_is_lost() {
        let taken = BTreeMap::from([("attempt-1".to_owned(), 500)]);
        let given_back = BTreeMap::from([("refund-1".to_owned(), 300)]);
        let found = books(&story([]), &booked(&[]), Statement { taken, given_back });
        assert_eq!(count(&found), (2, 0, 0), "{found:?}");
    }
}
