//! What the commands of officers share: where `payments` answers, who acts, amounts and words.
use boot::Call;
use boot::grpc::Channel;
use boot::wire::money_to_wire;
use clap::Args;
use money::{Currency, Money};
use prost::Message;
use proto::common::v1 as common;
use sha2::{Digest as _, Sha256};

use super::refusal;

/// Where `payments` answers.
#[derive(Debug, Args)]
pub struct Payments {
    /// Where `payments` answers.
    #[arg(long, env = "MIZAN_PAYMENTS_URL", default_value = "http://127.0.0.1:7103", global = true)]
    payments_url: String,
}

impl Payments {
    /// The way there; nothing is sent yet.
    ///
    /// # Errors
    /// The address is none.
    pub fn channel(&self) -> Result<Channel, String> {
        boot::grpc::channel(&self.payments_url).map_err(|error| error.to_string())
    }
}

/// Who asks, for what could be meant twice.
#[derive(Debug, Args)]
pub struct By {
    /// Who asks.
    #[arg(long)]
    actor: String,
    /// The same request again has no second effect, unless it has another key.
    #[arg(long, default_value = "1")]
    key: String,
}

impl By {
    /// `request` as a call of this person.
    ///
    /// # Errors
    /// The name cannot be sent.
    pub fn call<T: Message>(&self, request: T) -> Result<tonic::Request<T>, String> {
        keyed(&self.actor, &self.key, request)
    }
}

/// A call of `actor` for what cannot be meant twice: the same request again has no second effect.
///
/// # Errors
/// The name cannot be sent.
pub fn call<T: Message>(actor: &str, request: T) -> Result<tonic::Request<T>, String> {
    keyed(actor, "1", request)
}

/// The key is made from what is asked, and tells requests of the same words apart.
fn keyed<T: Message>(actor: &str, key: &str, request: T) -> Result<tonic::Request<T>, String> {
    let key = format!("cli-{}-{key}", hex::encode(Sha256::digest(request.encode_to_vec())));
    Call::by(actor).with_key(key).request(request).map_err(|problem| problem.detail)
}

/// What the service answered, or its refusal in its own words.
///
/// # Errors
/// The refusal.
pub fn answered<T>(answer: Result<tonic::Response<T>, tonic::Status>) -> Result<T, String> {
    answer.map(tonic::Response::into_inner).map_err(|status| refusal(&status))
}

/// Reads an amount of the command line.
///
/// # Errors
/// It is no amount.
pub fn amount(text: &str) -> Result<common::Money, String> {
    let amount = Money::from_json_amount(text, Currency::Bhd);
    amount.map(money_to_wire).map_err(|error| error.to_string())
}

/// An amount as people read it.
pub fn dinars(amount: Option<&common::Money>) -> String {
    Money::fils(fils(amount)).to_json_amount()
}

/// An amount that is absent is nothing.
pub fn fils(amount: Option<&common::Money>) -> i64 {
    amount.map_or(0, |amount| amount.minor_units)
}

/// The word of an enum's value: `captured` of `PAYMENT_STATE_CAPTURED`.
pub fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase()
}
