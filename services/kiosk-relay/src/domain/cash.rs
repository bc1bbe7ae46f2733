//! What a record of a journal means. Odd meaning is always accepted: the cash is physically there.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use standards::device_journal::{Record, RecordType};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// What was stacked for one bill by one payer, counted record by record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub session_id: String,
    pub bill_reference: String,
    pub stacked_fils: i64,
    pub state: SessionState,
    /// By the device's clock; none when it said nothing readable.
    pub began_at: Option<OffsetDateTime>,
}

/// Where a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    Open,
    /// The payer pays the bill with what is stacked.
    Committed,
    /// The payer gave up.
    Cancelled,
    /// The payer went away.
    TimedOut,
}

/// The sessions a batch of records names, by id.
pub type Sessions = BTreeMap<String, Session>;

/// What a record means for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing beyond itself.
    Nothing,
    /// Cash is in a unit. `session_known` is false when no open session claims it.
    Stacked { cash: Stacked, bill_reference: String, session_known: bool },
    /// A session ended with cash inside.
    Closed { session: Session, receipt_number: String },
    /// Stored, but somebody must look: its cash has no readable amount.
    UnreadableCash,
    /// Stored, but it does not fit the session it names.
    OddSession(&'static str),
}

/// One note or coin in a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stacked {
    pub session_id: String,
    pub denomination_fils: i64,
    pub unit_id: String,
    pub unit_generation: i64,
}

/// No banknote is worth more; a larger number is a broken record, not money.
const LARGEST_FILS: i64 = 1_000_000;

impl SessionState {
    /// The word for it, here and in the database.
    pub fn name(self) -> &'static str {
        match self {
            SessionState::Open => "open",
            SessionState::Committed => "committed",
            SessionState::Cancelled => "cancelled",
            SessionState::TimedOut => "timed_out",
        }
    }

    /// The state of that word.
    pub fn from_name(name: &str) -> Option<SessionState> {
        [Self::Open, Self::Committed, Self::Cancelled, Self::TimedOut]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// Longer names, and those with control characters, are not stored beside the record: nothing a device says may
/// keep its cash out of the books.
const LONGEST_NAME: usize = 64;

/// The session a record names, if any.
pub fn session_of(record: &Record) -> Option<&str> {
    name(&record.body, "session_id")
}

/// Reads the meaning of an appended record and carries it into `sessions`.
///
/// Fields are read one by one and leniently: a record that lacks a receipt number is still a payer's money.
pub fn read(record: &Record, sessions: &mut Sessions) -> Meaning {
    use RecordType as T;
    match &record.kind {
        T::SessionOpened => opened(record, sessions),
        T::CashStacked => stacked(record, sessions),
        T::SessionCommitted => closed(record, sessions, SessionState::Committed),
        T::SessionCancelled => closed(record, sessions, SessionState::Cancelled),
        T::SessionTimedOut => closed(record, sessions, SessionState::TimedOut),
        T::CashEscrowed
        | T::CashReturned
        | T::CashRejected
        | T::CashIndeterminate
        | T::CashResolved
        | T::ReceiptPrinted
        | T::ChangeDispensed
        | T::UnitLevel
        | T::UnitFull
        | T::UnitRemoved
        | T::UnitInserted
        | T::ExchangeOpened
        | T::ExchangeClosed
        | T::DoorOpened
        | T::DoorClosed
        | T::FraudSuspected
        | T::DeviceBooted
        | T::ClockAdjusted
        | T::JournalEpoch
        | T::Tamper
        | T::Other(_) => Meaning::Nothing,
    }
}

fn opened(record: &Record, sessions: &mut Sessions) -> Meaning {
    let Some(session_id) = session_of(record) else {
        return Meaning::OddSession("it names no session");
    };
    if sessions.contains_key(session_id) {
        return Meaning::OddSession("the session was opened before");
    }
    let session = Session {
        session_id: session_id.to_owned(),
        bill_reference: text(&record.body, "bill_ref"),
        stacked_fils: 0,
        state: SessionState::Open,
        began_at: OffsetDateTime::parse(&record.at, &Rfc3339).ok(),
    };
    sessions.insert(session_id.to_owned(), session);
    Meaning::Nothing
}

fn stacked(record: &Record, sessions: &mut Sessions) -> Meaning {
    let Some(denomination_fils) = fils(&record.body, "denom_fils") else {
        return Meaning::UnreadableCash;
    };
    let session_id = session_of(record).unwrap_or_default().to_owned();
    let session = sessions.get_mut(&session_id);
    let (bill_reference, session_known) = match session {
        Some(session) => {
            // A note after the end belongs to no payment: it is told as unknown, and becomes a case.
            let counted = session.stacked_fils.checked_add(denomination_fils);
            let known = session.state == SessionState::Open && counted.is_some();
            if let Some(counted) = counted.filter(|_| known) {
                session.stacked_fils = counted;
            }
            (session.bill_reference.clone(), known)
        }
        None => (String::new(), false),
    };
    let cash = Stacked {
        session_id,
        denomination_fils,
        unit_id: text(&record.body, "unit_id"),
        unit_generation: record.body.get("unit_generation").and_then(Value::as_i64).unwrap_or_default(),
    };
    Meaning::Stacked { cash, bill_reference, session_known }
}

fn closed(record: &Record, sessions: &mut Sessions, end: SessionState) -> Meaning {
    let Some(session) = session_of(record).and_then(|id| sessions.get_mut(id)) else {
        return Meaning::OddSession("the session was never opened");
    };
    if session.state != SessionState::Open {
        return Meaning::OddSession("the session was closed before");
    }
    session.state = end;
    if session.stacked_fils == 0 {
        return Meaning::Nothing;
    }
    Meaning::Closed { session: session.clone(), receipt_number: text(&record.body, "receipt_no") }
}

fn text(body: &Map<String, Value>, field: &str) -> String {
    name(body, field).unwrap_or_default().to_owned()
}

fn name<'b>(body: &'b Map<String, Value>, field: &str) -> Option<&'b str> {
    let fits =
        |text: &&str| !text.is_empty() && text.len() <= LONGEST_NAME && !text.contains(char::is_control);
    body.get(field).and_then(Value::as_str).filter(fits)
}

fn fils(body: &Map<String, Value>, field: &str) -> Option<i64> {
    body.get(field).and_then(Value::as_i64).filter(|fils| (1..=LARGEST_FILS).contains(fils))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use standards::device_journal::Hash;

    use super::*;

    fn record(kind: &str, body: &Value) -> Record {
        Record {
            at: String::new(),
            body: body.as_object().unwrap().clone(),
            boot_id: String::new(),
            device_id: "KSK-1".into(),
            epoch: 1,
            mono_ms: 0,
            prev: Hash([0; 32]),
            seq: 1,
            kind: kind.to_owned().into(),
        }
    }

    fn note(session: &str, fils: i64) -> Record {
        record(
            "cash.stacked",
            &json!({"session_id": session, "denom_fils": fils, "unit_id": "CB", "unit_generation": 4}),
        )
    }

    #[test]
    fn a_session_carries_the_sum_of_its_notes() {
        let mut sessions = Sessions::new();
        let opened =
            record("session.opened", &json!({"session_id": "S", "bill_ref": "TRF-1", "due_fils": 1}));
        assert_eq!(read(&opened, &mut sessions), Meaning::Nothing);
        for fils in [5_000, 500] {
            let meaning = read(&note("S", fils), &mut sessions);
            assert!(
                matches!(meaning, Meaning::Stacked { session_known: true, ref bill_reference, .. } if bill_reference == "TRF-1")
            );
        }
        let end = record("session.committed", &json!({"session_id": "S", "receipt_no": "R-1"}));
        let Meaning::Closed { session, receipt_number } = read(&end, &mut sessions) else { unreachable!() };
        assert_eq!(
            (session.stacked_fils, session.state, receipt_number.as_str()),
            (5_500, SessionState::Committed, "R-1")
        );

        assert!(matches!(
            read(&note("S", 500), &mut sessions),
            Meaning::Stacked { session_known: false, .. }
        ));
        assert!(matches!(read(&end, &mut sessions), Meaning::OddSession(_)));
    }

    #[test]
    fn cash_without_a_session_is_still_cash() {
        let mut sessions = Sessions::new();
        for record in [note("S", 500), record("cash.stacked", &json!({"denom_fils": 500}))] {
            let Meaning::Stacked { cash, session_known, .. } = read(&record, &mut sessions) else {
                unreachable!()
            };
            assert_eq!((cash.denomination_fils, session_known), (500, false));
        }
        for bad in [
            json!({}),
            json!({"denom_fils": 0}),
            json!({"denom_fils": "5"}),
            json!({"denom_fils": 9_007_199_254_740_991_i64}),
        ] {
            assert_eq!(read(&record("cash.stacked", &bad), &mut sessions), Meaning::UnreadableCash);
        }
    }

    #[test]
    fn a_session_that_ends_empty_tells_nobody() {
        let mut sessions = Sessions::new();
        read(&record("session.opened", &json!({"session_id": "S", "bill_ref": "TRF-1"})), &mut sessions);
        assert_eq!(
            read(&record("session.cancelled", &json!({"session_id": "S"})), &mut sessions),
            Meaning::Nothing
        );
        assert!(matches!(
            read(&record("session.timed_out", &json!({"session_id": "T"})), &mut sessions),
            Meaning::OddSession(_)
        ));
    }
}
