//! Money and times between our types and the proto messages.

use money::{Currency, Money};
use prost_types::Timestamp;
use proto::common::v1 as pb;
use time::OffsetDateTime;
use tonic::Code;

use crate::{Problem, locale::Lang};

/// Money as it travels.
pub fn money_to_wire(money: Money) -> pb::Money {
    pb::Money { currency: money.currency().to_string(), minor_units: money.minor_units() }
}

/// Money as it came in `field`.
///
/// # Errors
/// `InvalidArgument` when it is missing or in a currency we do not know.
pub fn money_from_wire(field: &str, money: &Option<pb::Money>) -> Result<Money, Problem> {
    let money = money.as_ref().ok_or_else(|| missing(field))?;
    let currency: Currency = money.currency.parse().map_err(|error: money::AmountError| {
        invalid(field, format!("`{}` is not a currency we take.", money.currency)).caused_by(error)
    })?;
    Ok(Money::new(money.minor_units, currency))
}

/// A time as it travels.
pub fn time_to_wire(at: OffsetDateTime) -> Timestamp {
    // Below 1e9, so the sign bit is never reached.
    Timestamp { seconds: at.unix_timestamp(), nanos: at.nanosecond().cast_signed() }
}

/// A time as it came in `field`, in UTC.
///
/// # Errors
/// `InvalidArgument` when it is missing or outside the calendar.
pub fn time_from_wire(field: &str, at: &Option<Timestamp>) -> Result<OffsetDateTime, Problem> {
    let at = at.as_ref().ok_or_else(|| missing(field))?;
    let out_of_range = || invalid(field, "The time is out of range.");
    let nanos = u32::try_from(at.nanos).ok().ok_or_else(out_of_range)?;
    OffsetDateTime::from_unix_timestamp(at.seconds)
        .and_then(|second| second.replace_nanosecond(nanos))
        .map_err(|error| out_of_range().caused_by(error))
}

/// An id, or any other parsed text, as it came in `field`.
///
/// # Errors
/// `InvalidArgument` `invalid_id` that names the field.
pub fn id_from_wire<T: std::str::FromStr<Err = ::ids::Invalid>>(
    field: &str,
    text: &str,
) -> Result<T, Problem> {
    text.parse().map_err(|error: ::ids::Invalid| Problem::from(error).field(field))
}

/// A language as it travels.
pub fn lang_to_wire(lang: Lang) -> pb::Language {
    match lang {
        Lang::En => pb::Language::En,
        Lang::Ar => pb::Language::Ar,
    }
}

/// A language as it came; unspecified is the receiver's default, Arabic.
///
/// # Errors
/// `InvalidArgument` for a number that names no language.
pub fn lang_from_wire(field: &str, lang: i32) -> Result<Lang, Problem> {
    match pb::Language::try_from(lang) {
        Ok(pb::Language::Unspecified | pb::Language::Ar) => Ok(Lang::Ar),
        Ok(pb::Language::En) => Ok(Lang::En),
        Err(error) => Err(invalid(field, "Use English or Arabic.").caused_by(error)),
    }
}

fn missing(field: &str) -> Problem {
    Problem::new(Code::InvalidArgument, "field_missing", format!("`{field}` is missing.")).field(field)
}

fn invalid(field: &str, detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidArgument, "field_invalid", detail).field(field)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn money_and_time_survive_the_wire() {
        let price = Money::fils(12_500);
        assert_eq!(money_from_wire("amount", &Some(money_to_wire(price))).unwrap(), price);

        for at in [datetime!(2026-03-01 10:20:30.123456 UTC), datetime!(1969-12-31 23:59:59.5 UTC)] {
            assert_eq!(time_from_wire("at", &Some(time_to_wire(at))).unwrap(), at);
        }
        for lang in Lang::ALL {
            assert_eq!(lang_from_wire("language", lang_to_wire(lang).into()).unwrap(), lang);
        }
    }

    #[test]
    fn what_is_missing_or_wrong_names_its_field() {
        let missing = money_from_wire("amount", &None).unwrap_err();
        assert_eq!((missing.code.as_str(), missing.field.as_deref()), ("field_missing", Some("amount")));

        let dollars = pb::Money { currency: "USD".into(), minor_units: 1 };
        assert_eq!(money_from_wire("amount", &Some(dollars)).unwrap_err().code, "field_invalid");

        let nanos = Timestamp { seconds: 0, nanos: -1 };
        assert_eq!(time_from_wire("due_at", &Some(nanos)).unwrap_err().field.as_deref(), Some("due_at"));

        let id = id_from_wire::<::ids::PaymentId>("payment_id", "x").unwrap_err();
        assert_eq!((id.code.as_str(), id.field.as_deref()), ("invalid_id", Some("payment_id")));
    }
}
