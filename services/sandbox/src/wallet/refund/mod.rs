//! One refund of the provider's book: pure.

pub mod book;
pub mod merchant;

use time::OffsetDateTime;

use super::{
    charge::{Charge, State as ChargeState},
    fault::{Armed, Fault, WRONG_BY_FILS},
};

/// What a merchant asks to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The merchant's reference: one refund each, for ever.
    pub reference: String,
    /// The charge's reference, as the merchant names it.
    pub original_reference: String,
    /// The provider's own reference of that charge, as the merchant names it.
    pub payment_id: String,
    pub fils: i64,
}

/// One refund of the provider's book. It ends when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The merchant's reference.
    pub reference: String,
    /// The provider's own reference.
    pub refund_id: String,
    /// The charge's reference, as the merchant named it.
    pub original_reference: String,
    /// What the merchant asked.
    pub asked_fils: i64,
    pub state: State,
    pub fault: Option<Fault>,
    pub delay_ms: i64,
    pub created_at: OffsetDateTime,
}

/// How a refund ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The payer has the money since then.
    Refunded {
        given_fils: i64,
        applied_at: OffsetDateTime,
    },
    Declined(Decline),
}

/// Why a refund is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decline {
    /// No charge has this reference and this payment id.
    ChargeNotFound,
    ChargeNotPaid,
    /// With what went back before it is more than was taken.
    AmountExceedsPaid,
}

impl Decline {
    /// Every one.
    pub const ALL: [Decline; 3] =
        [Decline::ChargeNotFound, Decline::ChargeNotPaid, Decline::AmountExceedsPaid];

    /// As the wire and the book spell it.
    pub fn code(self) -> &'static str {
        match self {
            Decline::ChargeNotFound => "CHARGE_NOT_FOUND",
            Decline::ChargeNotPaid => "CHARGE_NOT_PAID",
            Decline::AmountExceedsPaid => "AMOUNT_EXCEEDS_PAID",
        }
    }
}

impl State {
    /// As the book spells it.
    pub fn name(self) -> &'static str {
        match self {
            State::Refunded { .. } => "refunded",
            State::Declined(_) => "declined",
        }
    }

    /// What really went back.
    pub fn given_fils(self) -> i64 {
        match self {
            State::Refunded { given_fils, .. } => given_fils,
            State::Declined(_) => 0,
        }
    }

    /// When the money moved.
    pub fn applied_at(self) -> Option<OffsetDateTime> {
        match self {
            State::Refunded { applied_at, .. } => Some(applied_at),
            State::Declined(_) => None,
        }
    }

    /// Why it was refused.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            State::Refunded { .. } => None,
            State::Declined(decline) => Some(decline.code()),
        }
    }
}

impl Refund {
    /// What becomes of `asked`, which is refused or is done with the fault that was armed for it.
    pub fn new(
        asked: &Asked,
        refund_id: String,
        allowed: Result<Option<Armed>, Decline>,
        now: OffsetDateTime,
    ) -> Refund {
        let (state, armed) = match allowed {
            Err(decline) => (State::Declined(decline), None),
            Ok(armed) => {
                let given_fils = given(asked.fils, armed.map(|armed| armed.fault));
                (State::Refunded { given_fils, applied_at: now }, armed)
            }
        };
        Refund {
            reference: asked.reference.clone(),
            refund_id,
            original_reference: asked.original_reference.clone(),
            asked_fils: asked.fils,
            state,
            fault: armed.map(|armed| armed.fault),
            delay_ms: armed.map_or(0, |armed| armed.delay_ms),
            created_at: now,
        }
    }

    /// Was this refund asked for in the same words?
    pub fn is_of(&self, asked: &Asked) -> bool {
        (&self.original_reference, self.asked_fils) == (&asked.original_reference, asked.fils)
    }

    /// The amount an answer names: what went back, or what was refused.
    pub fn amount_fils(&self) -> i64 {
        match self.state {
            State::Refunded { given_fils, .. } => given_fils,
            State::Declined(_) => self.asked_fils,
        }
    }

    /// What the callback claims.
    pub fn told_fils(&self) -> i64 {
        let wrong = self.fault == Some(Fault::CallbackWrongAmount);
        self.amount_fils().saturating_add(if wrong { WRONG_BY_FILS } else { 0 })
    }
}

impl Asked {
    /// The charge that this money goes back of; `named` is the one of the reference, if there is one.
    ///
    /// # Errors
    /// Why nothing goes back.
    pub fn of<'a>(&self, named: Option<&'a Charge>) -> Result<&'a Charge, Decline> {
        let charge = named.filter(|charge| charge.payment_id == self.payment_id);
        let charge = charge.ok_or(Decline::ChargeNotFound)?;
        match charge.state {
            ChargeState::Created
            | ChargeState::Authorised
            | ChargeState::Declined
            | ChargeState::Expired
            | ChargeState::Reversed => Err(Decline::ChargeNotPaid),
            ChargeState::Paid { .. } if self.fils > charge.refundable_fils() => {
                Err(Decline::AmountExceedsPaid)
            }
            ChargeState::Paid { .. } => Ok(charge),
        }
    }
}

/// What goes back. A wrong amount is a smaller one, so that it never is more than was taken.
fn given(asked_fils: i64, fault: Option<Fault>) -> i64 {
    let wrong = fault == Some(Fault::ChargeWrongAmount);
    if wrong { asked_fils.saturating_sub(WRONG_BY_FILS).max(1) } else { asked_fils }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-15 06:00:00 UTC);

    fn charge(state: ChargeState, refunded_fils: i64) -> Charge {
        Charge {
            reference: "PI-1".into(),
            payment_id: "BP1".into(),
            bill_reference: "TRF-1".into(),
            asked_fils: 5_250,
            amount_fils: 5_250,
            refunded_fils,
            state,
            hold: None,
            fault: None,
            delay_ms: 0,
            capture_fault: None,
            callback_url: String::new(),
            return_url: String::new(),
            created_at: NOW,
            expires_at: NOW,
        }
    }

    fn asked(fils: i64) -> Asked {
        Asked { reference: "RF-1".into(), original_reference: "PI-1".into(), payment_id: "BP1".into(), fils }
    }

    fn decide(fils: i64, charge: Option<&Charge>, fault: Option<Fault>) -> Refund {
        let armed = fault.map(|fault| Armed { fault, delay_ms: 0 });
        let asked = asked(fils);
        Refund::new(&asked, "BR1".into(), asked.of(charge).map(|_| armed), NOW)
    }

    #[test]
    fn money_goes_back_only_of_a_paid_charge_and_never_more_than_was_taken() {
        let paid = ChargeState::Paid { applied_at: NOW };
        let done = |given_fils| State::Refunded { given_fils, applied_at: NOW };
        for (fils, before, state) in [
            (5_250, 0, done(5_250)),
            (5_251, 0, State::Declined(Decline::AmountExceedsPaid)),
            (250, 5_000, done(250)),
            (251, 5_000, State::Declined(Decline::AmountExceedsPaid)),
            (1, 5_250, State::Declined(Decline::AmountExceedsPaid)),
        ] {
            assert_eq!(decide(fils, Some(&charge(paid, before)), None).state, state);
        }
        for unpaid in [
            ChargeState::Created,
            ChargeState::Authorised,
            ChargeState::Declined,
            ChargeState::Expired,
            ChargeState::Reversed,
        ] {
            let refused = decide(1, Some(&charge(unpaid, 0)), None);
            assert_eq!(refused.state, State::Declined(Decline::ChargeNotPaid));
        }
        let other = Charge { payment_id: "BP2".into(), ..charge(paid, 0) };
        for nothing in [None, Some(&other)] {
            assert_eq!(decide(1, nothing, None).state, State::Declined(Decline::ChargeNotFound));
        }
    }

    #[test]
    fn each_wrong_amount_is_wrong_where_its_name_says() {
        let paid = charge(ChargeState::Paid { applied_at: NOW }, 0);
        let given = decide(5_250, Some(&paid), Some(Fault::ChargeWrongAmount));
        assert_eq!((given.state.given_fils(), given.told_fils()), (4_250, 4_250));
        let least = decide(900, Some(&paid), Some(Fault::ChargeWrongAmount));
        assert_eq!(least.state.given_fils(), 1);
        let told = decide(5_250, Some(&paid), Some(Fault::CallbackWrongAmount));
        assert_eq!((told.state.given_fils(), told.told_fils()), (5_250, 6_250));
    }
}
