//! What agencies' and the treasury's people do.

use boot::{Call, Problem};
use prost::Message;
use proto::payments::v1 as pb;

use super::{Stack, stack::money};

pub const CLERK: &str = "staff:clerk";
pub const OFFICER: &str = "staff:officer";

/// Tells requests apart; any hash does.
fn md(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn problem(status: &tonic::Status) -> Problem {
    Problem::from_status(status)
}

impl Stack {
    /// `message` as a call of `who`, of the agency in `self.agency` if there is one; its key is the
    /// request's own text.
    fn call<T: Message>(&self, who: &str, message: T) -> tonic::Request<T> {
        let key = format!("{:x}", md(&message.encode_to_vec()));
        let call = Call { agency: self.agency.clone(), ..Call::by(who) };
        call.with_key(key).request(message).unwrap()
    }

    pub async fn record(&self, bill: &str, fils: i64, reference: &str) -> Result<pb::Payment, Problem> {
        self.record_by("pos-acquirer", bill, fils, reference).await
    }

    pub async fn record_by(
        &self,
        provider: &str,
        bill: &str,
        fils: i64,
        reference: &str,
    ) -> Result<pb::Payment, Problem> {
        let request = pb::RecordPaymentRequest {
            bill_reference: bill.into(),
            channel: proto::common::v1::Channel::Pos.into(),
            provider: provider.into(),
            provider_reference: reference.into(),
            amount: Some(money(fils)),
            contact_ref: String::new(),
        };
        let answer = self
            .payments
            .clone()
            .record_payment(self.call(CLERK, request))
            .await
            .map_err(|status| problem(&status))?;
        Ok(answer.into_inner().payment.unwrap())
    }

    pub async fn refund(&self, request: pb::RequestRefundRequest) -> Result<pb::Refund, Problem> {
        let answer = self
            .refunds
            .clone()
            .request_refund(self.call(CLERK, request))
            .await
            .map_err(|status| problem(&status))?;
        Ok(answer.into_inner().refund.unwrap())
    }

    /// Asks for money of a payment to go back where it came from.
    pub async fn refund_of(&self, payment: &str, fils: i64, reason: &str) -> Result<pb::Refund, Problem> {
        self.refund(pb::RequestRefundRequest {
            payment_id: payment.into(),
            amount: Some(money(fils)),
            reason: reason.into(),
            ..pb::RequestRefundRequest::default()
        })
        .await
    }

    pub async fn approve_refund(&self, who: &str, refund: &str) -> Result<pb::Refund, Problem> {
        let request = self.call(who, pb::ApproveRefundRequest { refund_id: refund.into() });
        let answer = self.refunds.clone().approve_refund(request).await.map_err(|status| problem(&status))?;
        Ok(answer.into_inner().refund.unwrap())
    }

    pub async fn reject_refund(&self, who: &str, refund: &str) -> Result<pb::Refund, Problem> {
        let request = self.call(who, pb::RejectRefundRequest { refund_id: refund.into() });
        let answer = self.refunds.clone().reject_refund(request).await.map_err(|status| problem(&status))?;
        Ok(answer.into_inner().refund.unwrap())
    }

    pub async fn payout(&self, request: pb::RecordPayoutRequest) -> Result<pb::Refund, Problem> {
        let request = self.call(OFFICER, request);
        let answer = self.refunds.clone().record_payout(request).await.map_err(|status| problem(&status))?;
        Ok(answer.into_inner().refund.unwrap())
    }

    pub async fn refund_now(&self, id: &str) -> pb::Refund {
        let request = pb::GetRefundRequest { refund_id: id.into() };
        self.refunds.clone().get_refund(request).await.unwrap().into_inner().refund.unwrap()
    }

    pub async fn until_refund(&self, id: &str, state: pb::RefundState) -> pb::Refund {
        testkit::wait_for(&format!("refund {state:?}"), super::stack::SOON, async || {
            self.env.clock.advance(std::time::Duration::from_secs(1));
            let refund = self.refund_now(id).await;
            (refund.state() == state).then_some(refund)
        })
        .await
    }

    pub async fn dispute(&self, payment: &str, fils: i64, reference: &str) -> Result<pb::Dispute, Problem> {
        let request = pb::OpenDisputeRequest {
            payment_id: payment.into(),
            amount: Some(money(fils)),
            provider_reference: reference.into(),
            reason: "not_mine".into(),
        };
        let answer = self
            .exceptions
            .clone()
            .open_dispute(self.call(CLERK, request))
            .await
            .map_err(|status| problem(&status))?;
        Ok(answer.into_inner().dispute.unwrap())
    }

    pub async fn close_dispute(&self, id: &str, state: pb::DisputeState) -> Result<pb::Dispute, Problem> {
        let request = pb::CloseDisputeRequest { dispute_id: id.into(), state: state.into() };
        let answer = self
            .exceptions
            .clone()
            .close_dispute(self.call(OFFICER, request))
            .await
            .map_err(|status| problem(&status))?;
        Ok(answer.into_inner().dispute.unwrap())
    }

    pub async fn credits_of(&self, bill: &str) -> Vec<pb::Credit> {
        let request = self.call(CLERK, pb::ListCreditsRequest { bill_reference: bill.into() });
        self.exceptions.clone().list_credits(request).await.unwrap().into_inner().credits
    }

    pub async fn apply_credit(
        &self,
        credit: &str,
        bill: &str,
        fils: Option<i64>,
    ) -> Result<pb::Credit, Problem> {
        let request = pb::ApplyCreditRequest {
            credit_id: credit.into(),
            bill_reference: bill.into(),
            amount: fils.map(money),
        };
        let answer = self
            .exceptions
            .clone()
            .apply_credit(self.call(CLERK, request))
            .await
            .map_err(|status| problem(&status))?;
        Ok(answer.into_inner().credit.unwrap())
    }

    pub async fn adjustment(&self, request: pb::RequestAdjustmentRequest) -> Result<pb::Adjustment, Problem> {
        let answer = self
            .exceptions
            .clone()
            .request_adjustment(self.call(CLERK, request))
            .await
            .map_err(|status| problem(&status))?;
        Ok(answer.into_inner().adjustment.unwrap())
    }

    pub async fn write_off(&self, bill: &str) -> Result<pb::Adjustment, Problem> {
        self.adjustment(pb::RequestAdjustmentRequest {
            write_off: Some(pb::WriteOff { bill_reference: bill.into() }),
            reason: "cannot be collected".into(),
            ..pb::RequestAdjustmentRequest::default()
        })
        .await
    }

    pub async fn approve_adjustment(&self, who: &str, id: &str) -> Result<pb::Adjustment, Problem> {
        let request = self.call(who, pb::ApproveAdjustmentRequest { adjustment_id: id.into() });
        let answer =
            self.exceptions.clone().approve_adjustment(request).await.map_err(|status| problem(&status))?;
        Ok(answer.into_inner().adjustment.unwrap())
    }

    pub async fn amend(&self, request: pb::AmendReceivableRequest) -> Result<pb::Receivable, Problem> {
        let answer = self
            .receivables
            .clone()
            .amend_receivable(self.call(CLERK, request))
            .await
            .map_err(|status| problem(&status))?;
        Ok(answer.into_inner().receivable.unwrap())
    }

    pub async fn cancel_bill(&self, bill: &str, version: i64) -> Result<pb::Receivable, Problem> {
        let request = pb::CancelReceivableRequest { bill_reference: bill.into(), version };
        let answer = self
            .receivables
            .clone()
            .cancel_receivable(self.call(CLERK, request))
            .await
            .map_err(|status| problem(&status))?;
        Ok(answer.into_inner().receivable.unwrap())
    }
}
