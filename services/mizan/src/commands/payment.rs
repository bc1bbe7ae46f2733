//! Payments: found, recorded as a channel tells them, captured, given up, tried again.
use std::process::ExitCode;

use boot::grpc::Channel as Way;
use boot::wire::time_to_wire;
use clap::{Args, Subcommand};
use proto::common::v1::{Channel, Money};
use proto::payments::v1::payment_service_client::PaymentServiceClient;
use proto::payments::v1::{
    CancelPaymentRequest, CapturePaymentRequest, GetPaymentRequest, Payment as Paid, PaymentState,
    RecordPaymentRequest, RetryPaymentRequest, SearchPaymentsRequest,
};
use time::OffsetDateTime;

use super::end;
use super::ledger::instant;
use super::officer::{By, Payments, amount, answered, call, channel, channels, dinars, fils, one_of, word};

/// Payments: found, recorded as a channel tells them, captured, given up, tried again.
#[derive(Debug, Args)]
pub struct Payment {
    #[command(flatten)]
    payments: Payments,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// What is known of one.
    Show {
        #[arg(long)]
        payment: String,
    },
    /// Those that fit, newest first.
    Search(Search),
    /// A channel has taken money for a bill: books it. More than is due becomes the payer's credit, with a case.
    Record {
        /// The bill.
        #[arg(long)]
        bill: String,
        /// How it was paid: wallet, card, transfer or pos.
        #[arg(long, value_parser = channel)]
        channel: Channel,
        /// Who owes us the money until it is settled.
        #[arg(long)]
        provider: String,
        /// The provider's own name of the movement: booked once, for ever.
        #[arg(long)]
        provider_reference: String,
        /// In dinars, with three decimals: 2.500.
        #[arg(long, value_parser = amount)]
        amount: Money,
        /// Who has seen it.
        #[arg(long)]
        actor: String,
    },
    /// Money that a provider holds is taken: what is still due, or an amount.
    Capture {
        #[arg(long)]
        payment: String,
        /// In dinars, with three decimals: 2.500. Without it all that is held, at most what is still due.
        #[arg(long, value_parser = amount)]
        amount: Option<Money>,
        #[command(flatten)]
        by: By,
    },
    /// The payer gives up, or held money is let go. The provider is asked to let nothing come, and its word ends the payment.
    Cancel {
        #[arg(long)]
        payment: String,
        #[command(flatten)]
        by: By,
    },
    /// Another attempt for a payment that ended without money.
    Retry {
        #[arg(long)]
        payment: String,
        /// Which provider to try.
        #[arg(long, default_value = "benefit-pay")]
        provider: String,
        /// The provider only holds the money, until `capture` or `cancel`.
        #[arg(long)]
        delayed_capture: bool,
        #[command(flatten)]
        by: By,
    },
}

#[derive(Debug, Args)]
struct Search {
    /// A bill, receipt or provider reference, whole.
    #[arg(long, default_value = "")]
    reference: String,
    /// Only this agency's: TRF.
    #[arg(long, default_value = "")]
    agency: String,
    /// Only those in this state, a word of `mizan states payment`.
    #[arg(long, value_parser = state)]
    state: Option<PaymentState>,
    /// Only those that came this way: wallet, card, transfer, pos, kiosk_cash or counter_cash.
    #[arg(long, value_parser = channel)]
    channel: Option<Channel>,
    /// Begun at or after this instant, RFC 3339.
    #[arg(long, value_parser = instant)]
    from: Option<OffsetDateTime>,
    /// Begun before this instant, RFC 3339.
    #[arg(long, value_parser = instant)]
    to: Option<OffsetDateTime>,
    /// On a page, at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=200))]
    limit: i32,
    /// The next page, as the page before says in its last line.
    #[arg(long, default_value = "")]
    page_token: String,
}

const PAYMENT_STATE: &str = "PAYMENT_STATE_";

fn state(text: &str) -> Result<PaymentState, String> {
    let known = (1..).map_while(|number| PaymentState::try_from(number).ok());
    one_of(known.map(|state| (word(state.as_str_name(), PAYMENT_STATE), state)), text)
}

/// Runs a verb against the service.
pub async fn run(payment: Payment) -> ExitCode {
    end(answer(payment).await)
}

async fn answer(payment: Payment) -> Result<String, String> {
    let mut payments = PaymentServiceClient::new(payment.payments.channel()?);
    let found = match payment.verb {
        Verb::Search(search) => return page(payments, search).await,
        Verb::Show { payment } => {
            answered(payments.get_payment(GetPaymentRequest { payment_id: payment }).await)?.payment
        }
        Verb::Record { bill, channel, provider, provider_reference, amount, actor } => {
            let request = RecordPaymentRequest {
                bill_reference: bill,
                channel: channel.into(),
                provider,
                provider_reference,
                amount: Some(amount),
                contact_ref: String::new(),
            };
            answered(payments.record_payment(call(&actor, request)?).await)?.payment
        }
        Verb::Capture { payment, amount, by } => {
            let request = by.call(CapturePaymentRequest { payment_id: payment, amount })?;
            answered(payments.capture_payment(request).await)?.payment
        }
        Verb::Cancel { payment, by } => {
            let request = by.call(CancelPaymentRequest { payment_id: payment })?;
            answered(payments.cancel_payment(request).await)?.payment
        }
        Verb::Retry { payment, provider, delayed_capture, by } => {
            let request = by.call(RetryPaymentRequest { payment_id: payment, provider, delayed_capture })?;
            answered(payments.retry_payment(request).await)?.payment
        }
    };
    Ok(found.as_ref().map_or_else(String::new, line))
}

async fn page(mut payments: PaymentServiceClient<Way>, search: Search) -> Result<String, String> {
    let request = SearchPaymentsRequest {
        reference: search.reference,
        agency_id: search.agency,
        state: search.state.unwrap_or_default().into(),
        channel: search.channel.unwrap_or_default().into(),
        from: search.from.map(time_to_wire),
        to: search.to.map(time_to_wire),
        limit: search.limit,
        page_token: search.page_token,
    };
    let page = answered(payments.search_payments(request).await)?;
    let mut lines: Vec<_> = page.payments.iter().map(line).collect();
    if !page.next_page_token.is_empty() {
        lines.push(format!("more: --page-token {}", page.next_page_token));
    }
    Ok(lines.join("\n"))
}

/// Id, state, amount, bill, how it was paid, and what else is known.
fn line(payment: &Paid) -> String {
    let state = word(payment.state().as_str_name(), PAYMENT_STATE);
    let channel = channels(&[payment.channel]);
    let amount = dinars(payment.amount.as_ref());
    let mut said = vec![payment.payment_id.clone(), state, amount, payment.bill_reference.clone(), channel];
    let approve_at = payment.next_action.as_ref().map_or("", |next| &next.redirect_url);
    let texts = [
        ("by", payment.provider.as_str()),
        ("reference", &payment.provider_reference),
        ("receipt", &payment.receipt_number),
        ("failure", &payment.failure),
        ("case", &payment.case_id),
        ("approve at", approve_at),
    ];
    said.extend(
        texts.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name} {text}")),
    );
    let amounts = [
        ("credited", &payment.credited),
        ("refunding", &payment.refunding),
        ("refunded", &payment.refunded),
        ("disputed", &payment.disputed),
        ("charged back", &payment.charged_back),
    ];
    let some = amounts.iter().filter(|(_, money)| fils(money.as_ref()) != 0);
    said.extend(some.map(|(name, money)| format!("{name} {}", dinars(money.as_ref()))));
    said.join(" ")
}
