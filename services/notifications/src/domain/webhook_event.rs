//! What an agency is told about a payment: no personal data.

use serde::Serialize;

/// What happened, as far as agencies and payers are told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookEvent {
    Captured,
    Late,
    Failed,
}

impl WebhookEvent {
    pub const ALL: [WebhookEvent; 3] = [WebhookEvent::Captured, WebhookEvent::Late, WebhookEvent::Failed];

    /// By the subject at which `payments` tells it.
    pub fn of(subject: &str) -> Option<WebhookEvent> {
        WebhookEvent::ALL.into_iter().find(|event| event.subject() == subject)
    }

    /// Where `payments` tells it.
    pub fn subject(self) -> String {
        format!("mizan.payments.{}", self.name())
    }

    /// The `type` of the webhook.
    pub fn name(self) -> &'static str {
        match self {
            WebhookEvent::Captured => "payment.captured",
            WebhookEvent::Late => "payment.late",
            WebhookEvent::Failed => "payment.failed",
        }
    }

    /// Only money that paid the bill gets a receipt.
    pub fn gets_receipt(self) -> bool {
        match self {
            WebhookEvent::Captured => true,
            WebhookEvent::Late | WebhookEvent::Failed => false,
        }
    }
}

/// The JSON of a webhook, in the form Standard Webhooks asks for.
#[derive(Clone, Debug, Serialize)]
pub struct Body {
    #[serde(rename = "type")]
    pub event_type: &'static str,
    /// When it happened: RFC 3339, UTC.
    pub timestamp: String,
    pub data: Data,
}

/// The payment, by the names of the public API.
#[derive(Clone, Debug, Serialize)]
pub struct Data {
    pub payment_id: String,
    pub agency_id: String,
    pub invoice_id: String,
    pub bill_reference: String,
    pub amount: Amount,
    pub channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub provider: String,
    pub state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub receipt_number: String,
    /// Why no money was taken, or why it stands aside.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub failure: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<String>,
    /// Steps of the payment so far: calls may come in any order, this sorts them.
    pub version: i64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Amount {
    pub amount: String,
    pub currency: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ends_are_told_and_only_captured_money_gets_a_receipt() {
        let of = |step: &str| WebhookEvent::of(&format!("mizan.payments.payment.{step}"));
        assert_eq!(of("captured"), Some(WebhookEvent::Captured));
        assert_eq!(of("late").map(WebhookEvent::gets_receipt), Some(false));
        for step in ["started", "action_required", "doubted", "expired", "contradicted", ""] {
            assert_eq!(of(step), None, "{step}");
        }
    }
}
