//! Whether policy lets a channel take money. Money that is there already is booked all the same, with a question.

use ids::ChannelExceptionId;
use money::Money;
use time::OffsetDateTime;

use super::{Moment, write};
use crate::domain::{
    Refusal,
    case::{self, Case},
    channel::{Channel, Verdict},
    payment::Payment,
    receivable::Receivable,
};

/// Before money is taken: a closed channel refuses. The exception that allows it, if it takes one.
pub(super) fn may_take(
    bill: &Receivable,
    channel: Channel,
    amount: Money,
    at: &Moment<'_>,
) -> Result<Option<ChannelExceptionId>, Refusal> {
    match at.policies.judge(bill, channel, amount, at.now) {
        Verdict::Open => Ok(None),
        Verdict::ByException(exception) => Ok(Some(exception)),
        Verdict::Closed(closed) => {
            Err(Refusal::ChannelClosed { bill_reference: bill.bill_reference.clone(), closed })
        }
    }
}

/// After money was taken at `taken_at`: the exception that allows it, or the question how it came.
pub(super) fn took(
    bill: &Receivable,
    (channel, taken_at): (Channel, OffsetDateTime),
    payment: &Payment,
    source: &str,
    at: &Moment<'_>,
) -> (Option<ChannelExceptionId>, Option<Case>) {
    match at.policies.judge(bill, channel, payment.amount, taken_at) {
        Verdict::Open => (None, None),
        Verdict::ByException(exception) => (Some(exception), None),
        Verdict::Closed(closed) => {
            let since = closed.since.map(|since| format!(" since {since}")).unwrap_or_default();
            let detail = format!("{} was closed for {}{since}", channel.name(), bill.service_code);
            let case = write::case_of(payment, case::Kind::ChannelClosed, source.to_owned(), at);
            (None, Some(case.saying(payment.amount, detail)))
        }
    }
}
