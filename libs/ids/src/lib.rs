//! One typed id an entity: two ids never swap places in a call.
//!
//! Ids are read and written as text ([`FromStr`](std::str::FromStr), [`Display`](std::fmt::Display), serde as a
//! string). Making new ones needs randomness and the time, which are handed in by `boot::Ids`.

#[macro_use]
mod macros;
mod entities;

pub use entities::{
    AdjustmentId, AgencyId, AmendmentId, AttemptId, BatchId, CaseId, ChannelExceptionId, ClientId, ContactId,
    CreditId, DeliveryId, DeviceId, DisputeId, DraftId, EndpointId, EventId, InvoiceDraftId, InvoiceId,
    JournalId, MessageId, PartyRef, PaymentId, PolicyId, RefundId, ServiceCode, UploadId,
};
/// What every uuid id wraps.
pub use uuid::Uuid;

/// A text that is not the id it should be: which id was wanted, and what stood there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not a valid {what}: expected {expected}")]
pub struct Invalid {
    /// The id that was wanted, in the words of the glossary: `invoice_id`.
    pub what: &'static str,
    /// The text that stood there, cut to 64 characters.
    pub value: String,
    /// The form the text should have.
    pub expected: &'static str,
}

impl Invalid {
    /// Long values are cut: they come from outside and end in logs and answers.
    fn new(what: &'static str, value: &str, expected: &'static str) -> Self {
        Self { what, value: value.chars().take(64).collect(), expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0190b2c3-d4e5-7f60-8a9b-0c1d2e3f4a5b";

    #[test]
    fn uuid_ids_round_trip_as_text_and_json() {
        let id: PaymentId = UUID.parse().unwrap();
        assert_eq!(id.to_string(), UUID);
        assert_eq!(PaymentId::from(id.0), id);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{UUID}\""));
        assert_eq!(serde_json::from_str::<PaymentId>(&json).unwrap(), id);
    }

    #[test]
    fn only_the_hyphenated_form_is_a_uuid_id() {
        // One id has one spelling, so that text comparison and signatures agree with equality.
        for bad in ["", "x", "0190b2c3d4e57f608a9b0c1d2e3f4a5b", "{0190b2c3-d4e5-7f60-8a9b-0c1d2e3f4a5b}"] {
            let refused = bad.parse::<InvoiceId>().unwrap_err();
            assert_eq!((refused.what, refused.value.as_str()), ("invoice_id", bad));
        }
        assert!(serde_json::from_str::<InvoiceId>("\"x\"").is_err());
    }

    #[test]
    fn text_ids_take_their_alphabet_and_length() {
        assert_eq!("TRF".parse::<AgencyId>().unwrap().as_str(), "TRF");
        for bad in ["", "T", "trf", "TR1", "TRAFFICDE", "TR F", "ترف"] {
            assert!(bad.parse::<AgencyId>().is_err(), "{bad}");
        }
        assert_eq!("KSK-01".parse::<DeviceId>().unwrap().to_string(), "KSK-01");
        for bad in ["", "ksk-01", "KSK_01", "K".repeat(33).as_str()] {
            assert!(bad.parse::<DeviceId>().is_err(), "{bad}");
            assert!(bad.parse::<ServiceCode>().is_err(), "{bad}");
        }
        assert_eq!(serde_json::from_str::<ServiceCode>("\"FINE-1\"").unwrap().as_str(), "FINE-1");
        assert!(serde_json::from_str::<ServiceCode>("\"fine\"").is_err());
    }

    #[test]
    fn a_refusal_says_what_and_cuts_what_it_quotes() {
        let refused = "k".repeat(500).parse::<DeviceId>().unwrap_err();
        assert_eq!(refused.value.len(), 64);
        let refused = "trf".parse::<AgencyId>().unwrap_err();
        assert_eq!(refused.to_string(), "`trf` is not a valid agency_id: expected 2 to 8 letters A-Z");
    }
}
