use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

/// The word in `type`. A word we do not know is kept: newer firmware must not break its own chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum RecordType {
    /// A payer began to pay a bill.
    SessionOpened,
    /// A note is in escrow; not money.
    CashEscrowed,
    /// A note or coin is in a unit; the only record that is money.
    CashStacked,
    /// A note went back from escrow.
    CashReturned,
    /// A note was not taken.
    CashRejected,
    /// The device does not know where a note is.
    CashIndeterminate,
    /// Now it knows.
    CashResolved,
    /// The payer pays the bill with what is stacked.
    SessionCommitted,
    /// The payer gave up.
    SessionCancelled,
    /// The payer went away.
    SessionTimedOut,
    /// A receipt was printed.
    ReceiptPrinted,
    /// Change came out.
    ChangeDispensed,
    /// How full a unit is.
    UnitLevel,
    /// A unit is full.
    UnitFull,
    /// A unit was taken out.
    UnitRemoved,
    /// A unit was put in.
    UnitInserted,
    /// Staff began to exchange units.
    ExchangeOpened,
    /// Staff ended it.
    ExchangeClosed,
    /// A door opened.
    DoorOpened,
    /// A door closed.
    DoorClosed,
    /// The acceptor saw a trick.
    FraudSuspected,
    /// The device started.
    DeviceBooted,
    /// The device's clock was set.
    ClockAdjusted,
    /// A new epoch of the journal begins, and closes the one before.
    JournalEpoch,
    /// The housing was forced.
    Tamper,
    /// A word this version does not know.
    Other(String),
}

use RecordType as T;

/// Each type and its word.
const WORDS: [(T, &str); 25] = [
    (T::SessionOpened, "session.opened"),
    (T::CashEscrowed, "cash.escrowed"),
    (T::CashStacked, "cash.stacked"),
    (T::CashReturned, "cash.returned"),
    (T::CashRejected, "cash.rejected"),
    (T::CashIndeterminate, "cash.indeterminate"),
    (T::CashResolved, "cash.resolved"),
    (T::SessionCommitted, "session.committed"),
    (T::SessionCancelled, "session.cancelled"),
    (T::SessionTimedOut, "session.timed_out"),
    (T::ReceiptPrinted, "receipt.printed"),
    (T::ChangeDispensed, "change.dispensed"),
    (T::UnitLevel, "unit.level"),
    (T::UnitFull, "unit.full"),
    (T::UnitRemoved, "unit.removed"),
    (T::UnitInserted, "unit.inserted"),
    (T::ExchangeOpened, "exchange.opened"),
    (T::ExchangeClosed, "exchange.closed"),
    (T::DoorOpened, "door.opened"),
    (T::DoorClosed, "door.closed"),
    (T::FraudSuspected, "fraud.suspected"),
    (T::DeviceBooted, "device.booted"),
    (T::ClockAdjusted, "clock.adjusted"),
    (T::JournalEpoch, "journal.epoch"),
    (T::Tamper, "tamper"),
];

impl RecordType {
    /// The word in `type`.
    pub fn as_str(&self) -> &str {
        if let T::Other(word) = self {
            return word;
        }
        WORDS.iter().find(|(kind, _)| kind == self).map_or("", |(_, word)| word)
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<String> for RecordType {
    fn from(word: String) -> Self {
        let known = WORDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| kind.clone());
        known.unwrap_or(T::Other(word))
    }
}

impl From<RecordType> for String {
    fn from(kind: RecordType) -> Self {
        kind.as_str().to_owned()
    }
}

/// What a record says, by its type. Fields we do not know are signed but not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// `session.opened`
    SessionOpened(SessionOpened),
    /// `cash.escrowed`
    CashEscrowed(Cash),
    /// `cash.stacked`
    CashStacked(CashStacked),
    /// `cash.returned`
    CashReturned(Cash),
    /// `cash.resolved`
    CashResolved(CashResolved),
    /// `session.committed`
    SessionCommitted(SessionCommitted),
    /// `session.cancelled`
    SessionCancelled(SessionEnded),
    /// `session.timed_out`
    SessionTimedOut(SessionEnded),
    /// `receipt.printed`
    ReceiptPrinted(ReceiptPrinted),
    /// `device.booted`
    DeviceBooted(DeviceBooted),
    /// `journal.epoch`
    JournalEpoch(JournalEpoch),
    /// Any other type, as it came.
    Other(RecordType, Map<String, Value>),
}

/// A payer began to pay a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOpened {
    /// The reference on the bill.
    pub bill_ref: String,
    /// What the device thinks is due.
    #[serde(deserialize_with = "not_negative")]
    pub due_fils: i64,
    /// Chosen by the device.
    pub session_id: String,
}

/// Note or coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CashKind {
    /// A bank note.
    Note,
    /// A coin.
    Coin,
}

/// A piece of cash that is not (or not yet) in a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cash {
    /// Its value.
    #[serde(deserialize_with = "not_negative")]
    pub denom_fils: i64,
    /// Note or coin.
    pub kind: CashKind,
    /// The session it belongs to.
    pub session_id: String,
}

/// A piece of cash that is in a unit: money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashStacked {
    /// Its value.
    #[serde(deserialize_with = "not_negative")]
    pub denom_fils: i64,
    /// The acceptor's own name of the event.
    pub device_event: String,
    /// Note or coin.
    pub kind: CashKind,
    /// The session it belongs to.
    pub session_id: String,
    /// How often the unit was emptied before.
    #[serde(deserialize_with = "not_negative")]
    pub unit_generation: i64,
    /// The unit's serial.
    pub unit_id: String,
}

/// Where a doubtful piece of cash turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// In a unit. A `cash.stacked` of its own follows, and only that is money.
    Stacked,
    /// With the payer.
    Returned,
}

/// A doubtful piece of cash was found. Moves no money itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashResolved {
    /// Its value.
    #[serde(deserialize_with = "not_negative")]
    pub denom_fils: i64,
    /// Note or coin.
    pub kind: CashKind,
    /// Where it is.
    pub outcome: Outcome,
    /// The session it belongs to.
    pub session_id: String,
}

/// The payer pays the bill with what is stacked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCommitted {
    /// What goes to the bill.
    #[serde(deserialize_with = "not_negative")]
    pub applied_fils: i64,
    /// What is beyond it.
    #[serde(deserialize_with = "not_negative")]
    pub overpaid_fils: i64,
    /// From the device's own block.
    pub receipt_no: String,
    /// The session.
    pub session_id: String,
    /// All that was stacked in it.
    #[serde(deserialize_with = "not_negative")]
    pub tendered_fils: i64,
}

/// The session ended without paying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEnded {
    /// The session.
    pub session_id: String,
    /// All that was stacked in it, and stays inside.
    #[serde(deserialize_with = "not_negative")]
    pub tendered_fils: i64,
}

/// A receipt was printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptPrinted {
    /// From the device's own block.
    pub receipt_no: String,
    /// The session.
    pub session_id: String,
}

/// The device started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceBooted {
    /// Version of its software.
    pub fw: String,
}

/// The first record of a new epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEpoch {
    /// The epoch that is closed.
    #[serde(deserialize_with = "not_negative")]
    pub closed_epoch: i64,
    /// Hash of its last record that the device knows, in hexadecimal.
    pub last_hash: String,
    /// Number of that record.
    #[serde(deserialize_with = "not_negative")]
    pub last_seq: i64,
}

/// A body that does not have the fields of its type.
#[derive(Debug, thiserror::Error)]
#[error("the body of a {kind} record is malformed: {problem}")]
pub struct BodyError {
    /// The record's type.
    pub kind: RecordType,
    /// Which field, and what is wrong with it.
    pub problem: String,
}

impl Body {
    /// Reads the body of a record of type `kind`.
    ///
    /// # Errors
    /// `BodyError` names the field: missing, not a whole number, negative.
    pub fn read(kind: &RecordType, fields: &Map<String, Value>) -> Result<Self, BodyError> {
        match kind {
            T::SessionOpened => typed(kind, fields, Self::SessionOpened),
            T::CashEscrowed => typed(kind, fields, Self::CashEscrowed),
            T::CashStacked => typed(kind, fields, Self::CashStacked),
            T::CashReturned => typed(kind, fields, Self::CashReturned),
            T::CashResolved => typed(kind, fields, Self::CashResolved),
            T::SessionCommitted => typed(kind, fields, Self::SessionCommitted),
            T::SessionCancelled => typed(kind, fields, Self::SessionCancelled),
            T::SessionTimedOut => typed(kind, fields, Self::SessionTimedOut),
            T::ReceiptPrinted => typed(kind, fields, Self::ReceiptPrinted),
            T::DeviceBooted => typed(kind, fields, Self::DeviceBooted),
            T::JournalEpoch => typed(kind, fields, Self::JournalEpoch),
            T::CashRejected
            | T::CashIndeterminate
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
            | T::ClockAdjusted
            | T::Tamper
            | T::Other(_) => Ok(Self::Other(kind.clone(), fields.clone())),
        }
    }

    /// The type a record of this body has.
    pub fn kind(&self) -> RecordType {
        match self {
            Self::SessionOpened(_) => T::SessionOpened,
            Self::CashEscrowed(_) => T::CashEscrowed,
            Self::CashStacked(_) => T::CashStacked,
            Self::CashReturned(_) => T::CashReturned,
            Self::CashResolved(_) => T::CashResolved,
            Self::SessionCommitted(_) => T::SessionCommitted,
            Self::SessionCancelled(_) => T::SessionCancelled,
            Self::SessionTimedOut(_) => T::SessionTimedOut,
            Self::ReceiptPrinted(_) => T::ReceiptPrinted,
            Self::DeviceBooted(_) => T::DeviceBooted,
            Self::JournalEpoch(_) => T::JournalEpoch,
            Self::Other(kind, _) => kind.clone(),
        }
    }

    /// The fields a record of this body has.
    pub fn to_fields(&self) -> Map<String, Value> {
        match self {
            Self::SessionOpened(body) => fields(body),
            Self::CashEscrowed(body) | Self::CashReturned(body) => fields(body),
            Self::CashStacked(body) => fields(body),
            Self::CashResolved(body) => fields(body),
            Self::SessionCommitted(body) => fields(body),
            Self::SessionCancelled(body) | Self::SessionTimedOut(body) => fields(body),
            Self::ReceiptPrinted(body) => fields(body),
            Self::DeviceBooted(body) => fields(body),
            Self::JournalEpoch(body) => fields(body),
            Self::Other(_, fields) => fields.clone(),
        }
    }
}

fn typed<B: de::DeserializeOwned>(
    kind: &RecordType,
    fields: &Map<String, Value>,
    wrap: fn(B) -> Body,
) -> Result<Body, BodyError> {
    serde_json::from_value(Value::Object(fields.clone()))
        .map(wrap)
        .map_err(|problem| BodyError { kind: kind.clone(), problem: problem.to_string() })
}

fn fields(body: &impl Serialize) -> Map<String, Value> {
    let Ok(Value::Object(fields)) = serde_json::to_value(body) else {
        unreachable!("a body is a struct of texts and integers, which is a JSON object")
    };
    fields
}

fn not_negative<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = i64::deserialize(deserializer)?;
    if value < 0 { Err(de::Error::custom(format!("{value} is negative"))) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stacked() -> Map<String, Value> {
        let body = json!({"denom_fils": 5000, "device_event": "E1", "kind": "note", "session_id": "S",
            "unit_generation": 4, "unit_id": "CB-1"});
        body.as_object().unwrap().clone()
    }

    #[test]
    fn every_word_is_a_type_and_back() {
        for (kind, word) in WORDS {
            assert_eq!(RecordType::from(word.to_owned()), kind);
            assert_eq!(kind.to_string(), word);
        }
        let newer = RecordType::from("coffee.served".to_owned());
        assert_eq!(newer, T::Other("coffee.served".to_owned()));
        assert_eq!(newer.as_str(), "coffee.served");
    }

    #[test]
    fn amounts_are_whole_and_not_negative() {
        assert!(Body::read(&T::CashStacked, &stacked()).is_ok());
        for bad in [json!(5000.5), json!(5000.0), json!("5000"), json!(-5000), Value::Null] {
            let mut fields = stacked();
            fields.insert("denom_fils".into(), bad.clone());
            let refused = Body::read(&T::CashStacked, &fields).unwrap_err();
            assert!(refused.to_string().contains("cash.stacked"), "{bad}");
        }
        let mut missing = stacked();
        missing.remove("unit_id");
        assert!(Body::read(&T::CashStacked, &missing).unwrap_err().problem.contains("unit_id"));
    }

    #[test]
    fn bodies_survive_their_fields_and_unknown_ones_are_kept() {
        let body = Body::read(&T::CashStacked, &stacked()).unwrap();
        assert_eq!((body.kind(), body.to_fields()), (T::CashStacked, stacked()));
        let other = Body::read(&T::Tamper, &stacked()).unwrap();
        assert_eq!((other.kind(), other.to_fields()), (T::Tamper, stacked()));
        let mut newer = stacked();
        newer.insert("shade".into(), json!("blue"));
        assert_eq!(Body::read(&T::CashStacked, &newer).unwrap(), body);
    }
}
