//! The lines of a bill, each with its own VAT, and who gets how much of their total.

use money::{Money, rounding};
use rust_decimal::Decimal;
use time::Date;

use super::{Refusal, Step, over_limit};
use crate::domain::fee_service::TaxCategory;
use crate::domain::terms::{Beyond, WHOLE};
use crate::domain::vat;

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub kind: LineKind,
    /// After its reduction, before VAT.
    pub net: Money,
    pub tax: TaxCategory,
    /// Zero outside VAT.
    pub vat_percent: Decimal,
    /// Half up to one fils.
    pub vat: Money,
}

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// What the agency charges.
    Fee,
    /// The handling of the bill.
    ServiceFee,
}

/// A receiver's part of what is to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// None: the agency.
    pub beneficiary: Option<String>,
    pub due: Money,
}

impl Line {
    /// A line with the VAT of the day, and the step that says so.
    pub fn of(
        kind: LineKind,
        net: Money,
        tax: TaxCategory,
        date: Date,
        steps: &mut Vec<Step>,
    ) -> Result<Line, Refusal> {
        let (vat_percent, vat) = match tax {
            TaxCategory::Outside => {
                if kind == LineKind::Fee {
                    steps.push(Step::OutsideVat);
                }
                (Decimal::ZERO, Money::fils(0))
            }
            TaxCategory::Standard => {
                let percent = vat::standard_rate(date);
                let vat = rounding::percent_half_up(net, percent).ok().ok_or(over_limit())?;
                steps.push(Step::Vat { percent, fee: net, vat });
                (percent, vat)
            }
        };
        Ok(Line { kind, net, tax, vat_percent, vat })
    }

    /// With its VAT.
    pub fn gross(&self) -> Option<Money> {
        self.net.checked_add(self.vat).ok()
    }
}

/// Who gets how much of the lines: parts sum to the whole, by largest remainder. Empty when all is the agency's.
pub fn shares(beyond: &Beyond, lines: &[Line]) -> Result<Vec<Share>, Refusal> {
    let mut shares: Vec<Share> = vec![Share { beneficiary: None, due: Money::fils(0) }];
    for line in lines {
        match line.kind {
            LineKind::Fee => {
                let parts = fee_parts(beyond, line.net)?;
                for (beneficiary, part) in parts {
                    give(&mut shares, beneficiary, part)?;
                }
                give(&mut shares, None, line.vat)?;
            }
            LineKind::ServiceFee => {
                let beneficiary = beyond.service_fee.as_ref().and_then(|fee| fee.beneficiary.as_deref());
                give(&mut shares, beneficiary, line.gross().ok_or(over_limit())?)?;
            }
        }
    }
    shares.retain(|share| share.due.is_positive());
    let all_the_agencys = shares.iter().all(|share| share.beneficiary.is_none());
    Ok(if all_the_agencys { Vec::new() } else { shares })
}

/// The parts of the fee; the first is the agency's.
fn fee_parts(beyond: &Beyond, net: Money) -> Result<Vec<(Option<&str>, Money)>, Refusal> {
    let taken: i32 = beyond.splits.iter().map(|split| split.basis_points).sum();
    let weights = std::iter::once(WHOLE - taken).chain(beyond.splits.iter().map(|split| split.basis_points));
    let weights: Vec<u64> = weights.map(|weight| u64::try_from(weight).unwrap_or_default()).collect();
    let parts = rounding::split(net, &weights).ok().ok_or(over_limit())?;
    let receivers =
        std::iter::once(None).chain(beyond.splits.iter().map(|split| Some(split.beneficiary.as_str())));
    Ok(receivers.zip(parts).collect())
}

fn give(shares: &mut Vec<Share>, beneficiary: Option<&str>, part: Money) -> Result<(), Refusal> {
    if let Some(share) = shares.iter_mut().find(|share| share.beneficiary.as_deref() == beneficiary) {
        share.due = share.due.checked_add(part).ok().ok_or(over_limit())?;
    } else {
        shares.push(Share { beneficiary: beneficiary.map(str::to_owned), due: part });
    }
    Ok(())
}
