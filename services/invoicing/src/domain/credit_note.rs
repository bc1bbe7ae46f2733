//! What an amendment or a cancellation takes off an invoice.

use money::Money;

use super::fee_service::Line;
use super::invoice::{Invoice, State};

/// What one says besides its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credited {
    pub fee: Money,
    pub vat: Money,
    pub total: Money,
    /// By what they are for, tax category and rate. One may be below zero where a fee moved from one to another.
    pub lines: Vec<Line>,
}

/// What `after` no longer asks for; none when it asks for as much as `before` or more. An invoice that was taken back or has ended
/// asks for nothing; one whose rest was given up still says what was owed.
///
/// # Errors
/// Impossible arithmetic.
pub fn credited(before: &Invoice, after: &Invoice) -> Result<Option<Credited>, money::Error> {
    let nothing = Money::zero(before.total.currency());
    let (fee, vat, total, lines) = match after.state {
        State::Cancelled | State::Expired => (nothing, nothing, nothing, Vec::new()),
        State::Issued | State::PartiallyPaid { .. } | State::Paid | State::WrittenOff { .. } => {
            (after.fee, after.vat, after.total, after.lines())
        }
    };
    let total = before.total.checked_sub(total)?;
    if !total.is_positive() || matches!(before.state, State::Cancelled | State::Expired) {
        return Ok(None);
    }
    let lines = difference(before.lines(), lines);
    Ok(Some(Credited { fee: before.fee.checked_sub(fee)?, vat: before.vat.checked_sub(vat)?, total, lines }))
}

/// What `before` has more than `after`, line by line of the same kind, category and rate.
fn difference(before: Vec<Line>, after: Vec<Line>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let taken = after.into_iter().map(|line| Line {
        net_fils: line.net_fils.saturating_neg(),
        vat_fils: line.vat_fils.saturating_neg(),
        ..line
    });
    for line in before.into_iter().chain(taken) {
        let same = |known: &&mut Line| {
            known.kind == line.kind
                && known.tax_category == line.tax_category
                && known.vat_percent == line.vat_percent
        };
        match lines.iter_mut().find(same) {
            Some(known) => {
                known.net_fils = known.net_fils.saturating_add(line.net_fils);
                known.vat_fils = known.vat_fils.saturating_add(line.vat_fils);
            }
            None => lines.push(line),
        }
    }
    lines.retain(|line| line.net_fils != 0 || line.vat_fils != 0);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fee_service::{LineKind, TaxCategory};

    fn line(kind: LineKind, tax_category: TaxCategory, net_fils: i64) -> Line {
        let (vat_percent, vat_fils) = match tax_category {
            TaxCategory::O => ("0", 0),
            TaxCategory::S => ("10", net_fils / 10),
        };
        Line { kind, net_fils, tax_category, vat_percent: vat_percent.to_owned(), vat_fils }
    }

    #[test]
    fn the_difference_is_taken_line_by_line() {
        let fee = |fils| line(LineKind::Fee, TaxCategory::O, fils);
        let handling = line(LineKind::ServiceFee, TaxCategory::S, 200);
        assert_eq!(
            difference(vec![fee(5_000), handling.clone()], vec![fee(2_000), handling.clone()]),
            [fee(3_000)]
        );
        assert_eq!(difference(vec![fee(5_000), handling.clone()], vec![]), [fee(5_000), handling.clone()]);
        let taxed = line(LineKind::Fee, TaxCategory::S, 1_000);
        let moved = difference(vec![fee(5_000)], vec![taxed.clone()]);
        assert_eq!(moved.iter().map(|line| line.net_fils + line.vat_fils).sum::<i64>(), 5_000 - 1_100);
    }
}
