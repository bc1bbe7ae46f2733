//! Signed heads, proofs and statements: what an insider cannot change, and what anybody can verify.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use boot::Ids;
use payments::{BooksError, Line, Period, Report, Sign, Signed, SignedHeads};
use proto::{kiosk::v1::SessionEnd, payments::v1::PaymentState};
use serde_json::Value;
use tempfile::TempDir;
use time::{Date, macros::date};

use crate::{
    support::{Stack, wallet::paid},
    verify::{books, superuser},
};

/// The clock of a test stands in the morning of this day.
const DAY: Date = date!(2026 - 01 - 15);
/// The least time there is here.
const TICK: Duration = Duration::from_micros(1);

fn hours(n: u64) -> Duration {
    Duration::from_hours(n)
}

/// A folder of heads, and the keys of the one who signs them.
struct Signer {
    dir: TempDir,
}

impl Signer {
    fn new(seed: u64) -> Signer {
        let signer = Signer { dir: tempfile::tempdir().unwrap() };
        payments::new_key(&signer.key(), &Ids::seeded(seed)).unwrap();
        signer
    }

    fn key(&self) -> PathBuf {
        self.dir.path().join("key.pem")
    }

    fn public(&self) -> PathBuf {
        self.dir.path().join("key.pem.pub")
    }

    fn head(&self, date: Date) -> PathBuf {
        self.dir.path().join(format!("{date}.json"))
    }

    fn heads(&self) -> SignedHeads {
        SignedHeads { dir: self.dir.path().to_owned(), public_keys: vec![self.public()] }
    }

    async fn sign(&self, t: &Stack, date: Date) -> Result<Signed, String> {
        let heads = SignedHeads { public_keys: vec![], ..self.heads() };
        let sign = Sign { date, key: self.key(), heads };
        payments::sign_heads(&t.env.database_url, &sign, t.env.clock.now()).await.map_err(|e| e.to_string())
    }

    async fn verify(&self, t: &Stack) -> Report {
        payments::verify_with_heads(&t.env.database_url, &self.heads(), t.env.clock.now()).await.unwrap()
    }

    async fn prove(&self, t: &Stack, what: &str) -> Result<String, String> {
        let proof = payments::prove(&t.env.database_url, what, self.dir.path()).await;
        proof.map(|proof| proof.to_json()).map_err(|error| error.to_string())
    }

    fn accepts(&self, proof: &str) -> Result<String, String> {
        let proven = payments::verify_proof(proof, &[self.public()]);
        proven.map(|proven| proven.to_string()).map_err(|error| error.to_string())
    }
}

fn broken(report: &Report) -> String {
    let broken = report.checks.iter().filter_map(|check| Some((check.what, check.first_bad.as_ref()?)));
    broken.map(|(what, bad)| format!("{what}: {bad}")).collect::<Vec<_>>().join("\n")
}

/// Pays a new bill by wallet; the payment's id and receipt number.
pub async fn pay(t: &Stack, n: u32, fils: i64) -> (String, String) {
    let bill = t.bill(n, fils);
    t.wallet.on_initiate(&bill, [paid(fils, &format!("BP-{n}"))]);
    let payment = t.pay(&bill, &format!("k{n}")).await.unwrap();
    let captured = t.until(&payment.payment_id, PaymentState::Captured).await;
    (captured.payment_id, captured.receipt_number)
}

/// Every leaf of a document, by its path.
pub fn leaves(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, inner)| walk(inner, &format!("{at}/{name}"), found));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, inner)| walk(inner, &format!("{at}/{i}"), found));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(at.to_owned()),
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// Other values of the same kind, which all read well.
pub fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(n) => vec![(n.as_i64().unwrap() + 1).into(), (n.as_i64().unwrap() - 1).into()],
        Value::String(text) => {
            let mut other = text.clone();
            let last = other.pop().unwrap_or('a');
            other.push(if last == '1' { '2' } else { '1' });
            vec![other.into(), text.to_uppercase().into(), "".into(), format!("{text} ").into()]
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => vec![Value::from("x")],
    }
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn a_day_is_signed_once_it_is_over_and_without_gaps() {
    let (t, signer) = (books().await, Signer::new(1));
    let said = signer.sign(&t, DAY).await.unwrap_err();
    assert!(said.contains("2026-01-15 is not over"), "{said}");
    t.env.clock.advance(hours(15).saturating_sub(TICK));
    assert!(signer.sign(&t, DAY).await.is_err());

    t.env.clock.advance(TICK);
    let said = signer.sign(&t, date!(2026 - 01 - 14)).await.unwrap_err();
    assert!(said.contains("the next day to sign is 2026-01-15"), "{said}");
    assert!(signer.verify(&t).await.to_string().contains("there is no head of 2026-01-15"));
    let first = signer.sign(&t, DAY).await.unwrap();
    assert_eq!(first.written, Some(signer.head(DAY)));
    assert_eq!((first.head.journals, first.head.debit_fils), (3, 15_000));
    let file = fs::read(signer.head(DAY)).unwrap();
    let report = signer.verify(&t).await;
    assert!(report.holds(), "{report}");
    assert_eq!(report.heads.unwrap().last.unwrap(), "2026-01-15");

    // Again: nothing changes. Later days follow, also those without a batch.
    assert_eq!(signer.sign(&t, DAY).await.unwrap().written, None);
    pay(&t, 7, 1_000).await;
    t.env.clock.advance(hours(72));
    let said = signer.sign(&t, date!(2026 - 01 - 17)).await.unwrap_err();
    assert!(said.contains("the next day to sign is 2026-01-16"), "{said}");
    for day in [date!(2026 - 01 - 16), date!(2026 - 01 - 17), date!(2026 - 01 - 18)] {
        signer.sign(&t, day).await.unwrap();
        assert_eq!(signer.sign(&t, day).await.unwrap().written, None);
    }
    assert_eq!(signer.sign(&t, DAY).await.unwrap().written, None);
    assert_eq!(fs::read(signer.head(DAY)).unwrap(), file);
    let report = signer.verify(&t).await;
    assert!(report.holds(), "{report}");

    // A missing day is named, also in the middle.
    fs::remove_file(signer.head(date!(2026 - 01 - 17))).unwrap();
    let said = broken(&signer.verify(&t).await);
    assert!(said.contains("there is no head of 2026-01-17"), "{said}");
    assert!(said.contains("head 2026-01-18: it does not follow the head of 2026-01-16"), "{said}");
    assert!(signer.sign(&t, date!(2026 - 01 - 19)).await.is_err());
}

#[tokio::test]
async fn each_edit_of_a_head_is_found() {
    let (t, signer) = (books().await, Signer::new(1));
    t.env.clock.advance(hours(15));
    signer.sign(&t, DAY).await.unwrap();
    let path = signer.head(DAY);
    let right = json(&fs::read_to_string(&path).unwrap());
    let mut edits: Vec<(String, Value)> = Vec::new();
    for at in leaves(&right) {
        for other in others(right.pointer(&at).unwrap()).into_iter().filter(|o| right.pointer(&at) != Some(o))
        {
            let mut head = right.clone();
            *head.pointer_mut(&at).unwrap() = other;
            edits.push((at.clone(), head));
        }
    }
    for name in right.as_object().unwrap().keys() {
        let mut head = right.clone();
        head.as_object_mut().unwrap().remove(name);
        edits.push((format!("without {name}"), head));
    }
    let mut head = right.clone();
    head.as_object_mut().unwrap().insert("more".into(), 1.into());
    edits.push(("with more".into(), head));
    let mut head = right.clone();
    head["lanes"].as_array_mut().unwrap().pop();
    edits.push(("without a lane".into(), head));
    assert!(edits.len() > 40, "{}", edits.len());
    for (what, head) in edits {
        fs::write(&path, serde_json::to_string(&head).unwrap()).unwrap();
        let report = signer.verify(&t).await;
        assert!(broken(&report).contains("every head is signed"), "{what}: {report}");
        assert!(signer.sign(&t, DAY).await.is_err(), "{what}");
    }
    fs::write(&path, serde_json::to_string(&right).unwrap()).unwrap();
    assert!(signer.verify(&t).await.holds());

    // Another's signature is none.
    let stranger = Signer::new(2);
    let heads = SignedHeads { dir: signer.dir.path().to_owned(), public_keys: vec![stranger.public()] };
    let report = payments::verify_with_heads(&t.env.database_url, &heads, t.env.clock.now()).await.unwrap();
    assert!(broken(&report).contains("it names the key"), "{report}");
}

#[tokio::test]
async fn a_changed_past_with_a_right_chain_is_found_by_the_head_alone() {
    let (t, signer) = (books().await, Signer::new(1));
    let bill = t.bill(9, 1_000);
    t.receivable(&bill).await;
    t.env.clock.advance(hours(15));
    signer.sign(&t, DAY).await.unwrap();
    // The last batch has no journal: taking it away leaves books that hold by themselves.
    let mut tx = superuser(&t).await;
    let edit = "WITH gone AS (DELETE FROM posting_batch
                     WHERE sealed_at = (SELECT max(sealed_at) FROM posting_batch)
                       AND (lane, seq) IN (SELECT lane, last_seq FROM lane)
                       AND NOT EXISTS (SELECT FROM journal WHERE journal.batch_id = posting_batch.batch_id)
                 RETURNING lane, seq, prev_hash)
                UPDATE lane SET last_seq = seq - 1, last_hash = prev_hash FROM gone WHERE lane.lane = gone.lane";
    let done = sqlx::raw_sql(edit).execute(tx.conn()).await.unwrap();
    assert!(done.rows_affected() >= 1);
    tx.commit().await.unwrap();
    t.books_hold().await;
    let said = broken(&signer.verify(&t).await);
    assert!(said.contains("every signed head matches the entries: head 2026-01-15: lane"), "{said}");
    assert!(said.contains("has lost batch"), "{said}");
    let said = signer.sign(&t, DAY).await.unwrap_err();
    assert!(said.contains("signed already, and differently"), "{said}");
}

#[tokio::test]
async fn books_that_do_not_hold_are_not_signed() {
    let (t, signer) = (books().await, Signer::new(1));
    t.env.clock.advance(hours(15));
    let mut tx = superuser(&t).await;
    let edit =
        "UPDATE journal SET accounts = array_replace(accounts, 'agency_payable:TRF', 'agency_payable:ELC')";
    sqlx::raw_sql(edit).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let said = signer.sign(&t, DAY).await.unwrap_err();
    assert!(said.contains("its entries are not those that were sealed"), "{said}");
    assert!(!signer.head(DAY).exists());
}

#[tokio::test]
async fn a_new_key_follows_an_old_one() {
    let (t, old, new) = (books().await, Signer::new(1), Signer::new(2));
    t.env.clock.advance(hours(39));
    old.sign(&t, DAY).await.unwrap();
    let mut heads = old.heads();
    let sign = Sign { date: date!(2026 - 01 - 16), key: new.key(), heads: heads.clone() };
    payments::sign_heads(&t.env.database_url, &sign, t.env.clock.now()).await.unwrap();
    assert!(broken(&old.verify(&t).await).contains("head 2026-01-16: it names the key"));
    heads.public_keys.push(new.public());
    let report = payments::verify_with_heads(&t.env.database_url, &heads, t.env.clock.now()).await.unwrap();
    assert!(report.holds(), "{report}");
}

#[test]
fn a_private_key_is_for_its_owner_alone_and_is_never_replaced() {
    let signer = Signer::new(1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&signer.key()), 0o600);
    let said = payments::new_key(&signer.key(), &Ids::seeded(2)).unwrap_err();
    assert!(matches!(&said, BooksError::Refused(why) if why.contains("exists already")), "{said}");
    let said = payments::verify_proof("{}", &[signer.key()]).unwrap_err();
    assert!(said.to_string().contains("is no Ed25519 public key"), "{said}");
}

#[tokio::test]
async fn a_payment_is_proven_without_showing_another() {
    let (t, signer) = (Stack::start().await, Signer::new(1));
    let mut payments = Vec::new();
    for n in 1..=5 {
        payments.push(pay(&t, n, 1_000 * i64::from(n)).await);
    }
    let cash = t.bill(6, 5_000);
    t.cash(1, &cash, 5_000, SessionEnd::Committed).await;
    let kiosk = t.payments_of(&cash, 1).await.remove(0);
    let (id, receipt) = payments[2].clone();
    let said = signer.prove(&t, &receipt).await.unwrap_err();
    assert!(
        said.contains("2026-01-15 is not signed yet: it can be proven from 2026-01-16T00:00:00+03:00 on"),
        "{said}"
    );

    t.env.clock.advance(hours(15));
    signer.sign(&t, DAY).await.unwrap();
    let proof = signer.prove(&t, &receipt).await.unwrap();
    assert_eq!(signer.prove(&t, &id).await.unwrap(), proof);
    let said = signer.accepts(&proof).unwrap();
    let amount = "wallet_captured of BHD 3.000";
    for word in
        [&id, &receipt, amount, "debit  BHD 3.000 provider_clearing:benefit-pay", "head of 2026-01-15"]
    {
        assert!(said.contains(word), "{word}: {said}");
    }
    for (other, number) in payments.iter().filter(|(other, _)| *other != id) {
        assert!(!proof.contains(other) && !proof.contains(number));
        let theirs = signer.prove(&t, number).await.unwrap();
        assert!(signer.accepts(&theirs).is_ok() && !theirs.contains(&id));
    }
    assert!(!proof.contains(&kiosk.payment_id) && !proof.contains("KSK-0001"));

    let by_number = signer.prove(&t, &kiosk.receipt_number).await.unwrap();
    let said = signer.accepts(&by_number).unwrap();
    assert!(said.contains("cash_committed of BHD 5.000") && said.contains("cash:KSK-0001/1/101"), "{said}");
    assert!(said.contains("receipt: as printed by the source"), "{said}");
    assert!(signer.prove(&t, "W-0").await.unwrap_err().contains("no payment has the receipt number"));
    assert!(Signer::new(2).accepts(&proof).unwrap_err().contains("it names the key"));
}

#[tokio::test]
async fn what_went_back_is_proven_with_what_came() {
    let (t, signer) = (Stack::start().await, Signer::new(1));
    let bill = t.bill(1, 1_000);
    let direct = t.record(&bill, 1_000, "POS-1").await.unwrap();
    let (id, number) = pay(&t, 2, 5_000).await;
    t.env.clock.advance(hours(15));
    signer.sign(&t, DAY).await.unwrap();
    for number in [&number, &direct.receipt_number] {
        let said = signer.accepts(&signer.prove(&t, number).await.unwrap()).unwrap();
        assert!(said.contains(&format!("receipt {number}")), "{said}");
    }
    let came = signer.prove(&t, &id).await.unwrap();

    // On the next day a part is to go back: a journal of the same payment, under another head.
    let refund = t.refund_of(&id, 2_000, "wrong tariff").await.unwrap();
    let said = signer.prove(&t, &id).await.unwrap_err();
    assert!(said.contains("2026-01-16 is not signed yet"), "{said}");
    t.env.clock.advance(hours(24));
    signer.sign(&t, date!(2026 - 01 - 16)).await.unwrap();
    let both = signer.prove(&t, &id).await.unwrap();
    let said = signer.accepts(&both).unwrap();
    for word in
        ["of BHD 5.000", "of BHD 2.000", &refund.refund_id, "head of 2026-01-15", "head of 2026-01-16"]
    {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(signer.accepts(&came).is_ok(), "the older proof still proves what it proved");
}

#[tokio::test]
async fn no_part_of_a_proof_can_be_changed() {
    let (t, signer) = (Stack::start().await, Signer::new(1));
    for n in 1..=4 {
        pay(&t, n, 1_000).await;
    }
    let (id, _) = pay(&t, 5, 2_000).await;
    t.env.clock.advance(hours(15));
    signer.sign(&t, DAY).await.unwrap();
    let text = signer.prove(&t, &id).await.unwrap();
    let right = json(&text);
    signer.accepts(&text).unwrap();
    for at in leaves(&right) {
        for other in others(right.pointer(&at).unwrap()).into_iter().filter(|o| right.pointer(&at) != Some(o))
        {
            let mut proof = right.clone();
            *proof.pointer_mut(&at).unwrap() = other.clone();
            let said = signer.accepts(&proof.to_string());
            assert!(said.is_err(), "{at} as {other}: {said:?}");
        }
    }
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        // White space may change: it says nothing.
        if serde_json::from_str::<Value>(&changed).is_ok_and(|value| value == right) {
            continue;
        }
        assert!(signer.accepts(&changed).is_err(), "byte {at}: {changed}");
    }
    let entries = |proof: &mut Value, edit: fn(&mut Vec<Value>)| {
        edit(proof.pointer_mut("/journals/0/journal/entries").unwrap().as_array_mut().unwrap());
    };
    let edits: [fn(&mut Vec<Value>); 3] = [Vec::clear, |all| all.reverse(), |all| all.push(all[0].clone())];
    for edit in edits {
        let mut proof = right.clone();
        entries(&mut proof, edit);
        assert!(signer.accepts(&proof.to_string()).is_err());
    }
    let mut twice = right.clone();
    let journal = twice["journals"][0].clone();
    twice["journals"].as_array_mut().unwrap().push(journal);
    assert!(signer.accepts(&twice.to_string()).unwrap_err().contains("is here twice"));
}

async fn statement(t: &Stack, account: &str, (from, to): (Date, Date)) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    let period = Period { account: account.to_owned(), from, to };
    let read = payments::statement(&t.env.database_url, &period, |line| lines.push(line.clone())).await;
    read.map(|()| lines).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_statement_adds_up_day_by_day() {
    let t = books().await;
    t.env.clock.advance(hours(15));
    pay(&t, 7, 1_000).await;
    t.env.clock.advance(TICK);
    pay(&t, 8, 2_000).await;
    t.env.clock.advance(hours(48));
    pay(&t, 9, 4_000).await;
    let (first, last) = (DAY, date!(2026 - 01 - 18));
    let mut tx = t.env.pg.read().await.unwrap();
    let accounts: Vec<(String, i64)> =
        sqlx::query_as("SELECT account, sum(debit_fils - credit_fils)::bigint FROM balance GROUP BY account")
            .fetch_all(tx.conn())
            .await
            .unwrap();
    tx.rollback().await.unwrap();
    assert!(accounts.len() >= 5);
    for (account, stored) in accounts {
        let lines = statement(&t, &account, (first, last)).await.unwrap();
        let mut standing = 0;
        for line in &lines {
            match line {
                Line::Opening { balance_fils, .. } | Line::Closing { balance_fils, .. } => {
                    assert_eq!(*balance_fils, standing, "{account}: {lines:?}");
                }
                Line::Entry { amount_fils, balance_fils, .. } => {
                    standing += amount_fils;
                    assert_eq!(*balance_fils, standing);
                }
                Line::Total { opening_fils, debit_fils, credit_fils, closing_fils, .. } => {
                    assert_eq!(opening_fils + debit_fils - credit_fils, *closing_fils);
                    assert_eq!(*closing_fils, stored, "{account}");
                }
            }
        }
        let openings = lines.iter().filter(|line| matches!(line, Line::Opening { .. })).count();
        assert_eq!(openings, 4, "a line for each day");
    }
    let lines =
        statement(&t, "agency_payable:TRF", (date!(2026 - 01 - 16), date!(2026 - 01 - 16))).await.unwrap();
    let said: Vec<_> = lines.iter().map(ToString::to_string).collect();
    assert_eq!(said[0], "2026-01-16  opening  BHD -5.000");
    assert!(said[1].contains("credit BHD 1.000  wallet_captured  movement:benefit-pay/"), "{said:?}");
    assert_eq!(said[3], "2026-01-16  closing  BHD -8.000  (debit BHD 0.000, credit BHD 3.000)");
    let total = "2 entries: opening BHD -5.000 + debit BHD 0.000 - credit BHD 3.000 = closing BHD -8.000";
    assert_eq!(said[4], total);
    assert!(
        statement(&t, "agency_payable:TRX", (first, last))
            .await
            .unwrap_err()
            .contains("nothing was ever posted")
    );
    assert!(statement(&t, "suspense", (last, first)).await.unwrap_err().contains("before it begins"));
}

#[tokio::test]
async fn a_balance_is_told_for_any_instant() {
    let t = books().await;
    let morning = t.env.clock.now();
    t.env.clock.advance(hours(1));
    pay(&t, 7, 1_000).await;
    for (at, fils) in [
        (morning - TICK, 0),
        (morning, -5_000),
        (morning + hours(1) - TICK, -5_000),
        (morning + hours(1), -6_000),
    ] {
        let told = payments::balance_at(&t.env.database_url, "agency_payable:TRF", at).await.unwrap();
        assert_eq!(told.balance_fils, fils, "{told}");
    }
}
