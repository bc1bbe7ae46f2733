//! The standard rate of VAT on a day.

use rust_decimal::Decimal;
use time::{Date, macros::date};

/// The days a rate began, newest first, in percent.
const STANDARD: [(Date, Decimal); 2] =
    [(date!(2022 - 01 - 01), Decimal::TEN), (date!(2019 - 01 - 01), Decimal::from_parts(5, 0, 0, false, 0))];

/// The standard rate in percent; zero before there was one.
///
/// # Source
/// VAT law of Bahrain (Decree-Law 48 of 2018): 5 % from 2019; Law 33 of 2021: 10 % from 2022.
pub fn standard_rate(on: Date) -> Decimal {
    STANDARD.iter().find(|(from, _)| *from <= on).map_or(Decimal::ZERO, |(_, rate)| *rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_has_its_rate() {
        for (day, rate) in [
            (date!(2018 - 12 - 31), 0),
            (date!(2019 - 01 - 01), 5),
            (date!(2021 - 12 - 31), 5),
            (date!(2022 - 01 - 01), 10),
        ] {
            assert_eq!(standard_rate(day), Decimal::from(rate), "{day}");
        }
    }
}
