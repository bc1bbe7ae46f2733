//! A change of an invoice that its agency wants, and that the owner of the money takes or refuses.

use ids::{AgencyId, AmendmentId, InvoiceId};

use super::invoice::Terms;

/// The longest reason, in characters.
pub const MAX_REASON: usize = 400;

/// What an agency wants to become of its invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    /// Its key at `payments`: asked again under it, it has one effect.
    pub id: AmendmentId,
    pub agency: AgencyId,
    pub invoice: InvoiceId,
    pub to: To,
    pub reason: String,
    pub requested_by: String,
    /// The receivable it changes, at this version and no other.
    pub receivable_version: i64,
}

/// What becomes of the invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    Amended(Box<Terms>),
    Cancelled,
    /// Nobody has paid it by its last day.
    Expired,
}

/// What `payments` said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Done,
    Refused,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nobody has noted an answer.
    Waits,
    Ended(Ended),
}

impl To {
    /// As stored.
    pub fn kind(&self) -> &'static str {
        match self {
            To::Amended(_) => "amend",
            To::Cancelled => "cancel",
            To::Expired => "expire",
        }
    }
}

impl Ended {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Ended::Done => "done",
            Ended::Refused => "refused",
        }
    }
}

impl Amendment {
    /// Whether a receivable that asks for `due_fils` at `version` shows that it was taken: the event may be faster than the answer.
    /// Terms that come to the same sum show nothing; the answer to the call tells.
    pub fn shows_in(&self, (due_fils, version): (i64, i64), total_fils: i64) -> bool {
        match &self.to {
            To::Amended(terms) => {
                version > self.receivable_version
                    && due_fils != total_fils
                    && due_fils == terms.price.total_fils
            }
            To::Cancelled | To::Expired => false,
        }
    }
}
