//! What the commands of officers share: where `payments` answers, who acts, amounts and words.
use boot::Call;
use boot::grpc::Channel;
use boot::wire::money_to_wire;
use clap::Args;
use ids::Uuid;
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

/// Where `catalogue` answers.
#[derive(Debug, Args)]
pub struct Catalogue {
    /// Where `catalogue` answers.
    #[arg(long, env = "MIZAN_CATALOGUE_URL", default_value = "http://127.0.0.1:7101", global = true)]
    catalogue_url: String,
}

impl Catalogue {
    /// The way there; nothing is sent yet.
    ///
    /// # Errors
    /// The address is none.
    pub fn channel(&self) -> Result<Channel, String> {
        boot::grpc::channel(&self.catalogue_url).map_err(|error| error.to_string())
    }
}

/// Where `invoicing` answers.
#[derive(Debug, Args)]
pub struct Invoicing {
    /// Where `invoicing` answers.
    #[arg(long, env = "MIZAN_INVOICING_URL", default_value = "http://127.0.0.1:7102", global = true)]
    invoicing_url: String,
}

impl Invoicing {
    /// The way there; nothing is sent yet.
    ///
    /// # Errors
    /// The address is none.
    pub fn channel(&self) -> Result<Channel, String> {
        boot::grpc::channel(&self.invoicing_url).map_err(|error| error.to_string())
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

    /// The same, for an agency.
    ///
    /// # Errors
    /// It is none; the name cannot be sent.
    pub fn call_for<T: Message>(&self, agency: &str, request: T) -> Result<tonic::Request<T>, String> {
        let agency = agency.parse().map_err(|error: ids::Invalid| error.to_string())?;
        let key = key_of(&self.key, &request);
        let call = Call::by(&self.actor).for_agency(agency).with_key(key);
        call.request(request).map_err(|problem| problem.detail)
    }
}

/// A question of an agency.
///
/// # Errors
/// It is none.
pub fn for_agency<T>(agency: &str, message: T) -> Result<tonic::Request<T>, String> {
    let agency = agency.parse().map_err(|error: ids::Invalid| error.to_string())?;
    Call::by("operator").for_agency(agency).request(message).map_err(|problem| problem.detail)
}

/// Reads `name=value` of the command line.
///
/// # Errors
/// There is no `=`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A call of `actor` for what cannot be meant twice: the same request again has no second effect.
///
/// # Errors
/// The name cannot be sent.
pub fn call<T: Message>(actor: &str, request: T) -> Result<tonic::Request<T>, String> {
    keyed(actor, "1", request)
}

fn key_of<T: Message>(key: &str, request: &T) -> String {
    format!("cli-{}-{key}", hex::encode(Sha256::digest(request.encode_to_vec())))
}

/// The key is made from what is asked, and tells requests of the same words apart.
fn keyed<T: Message>(actor: &str, key: &str, request: T) -> Result<tonic::Request<T>, String> {
    let key = key_of(key, &request);
    Call::by(actor).with_key(key).request(request).map_err(|problem| problem.detail)
}

/// An id that the caller makes: the same person, key and request have the same one.
pub fn fresh_id(by: &By, request: &[u8]) -> Uuid {
    let mut hash = Sha256::new();
    for part in [by.actor.as_bytes(), by.key.as_bytes(), request] {
        hash.update(Sha256::digest(part));
    }
    let mut id = [0; 16];
    id.iter_mut().zip(hash.finalize()).for_each(|(byte, of)| *byte = of);
    Uuid::from_bytes(id)
}

/// Reads the word of a channel.
///
/// # Errors
/// It is none; it says which there are.
pub fn channel(text: &str) -> Result<common::Channel, String> {
    let known = (1..).map_while(|number| common::Channel::try_from(number).ok());
    one_of(known.map(|channel| (word(channel.as_str_name(), CHANNEL), channel)), text)
}

/// The value whose word is `text`.
///
/// # Errors
/// There is none; it says which there are.
pub fn one_of<T>(known: impl Iterator<Item = (String, T)>, text: &str) -> Result<T, String> {
    let mut words = Vec::new();
    for (word, value) in known {
        if word == text {
            return Ok(value);
        }
        words.push(word);
    }
    Err(format!("write one of: {}", words.join(", ")))
}

/// The words of channels, with spaces between.
pub fn channels(open: &[i32]) -> String {
    let words = open.iter().filter_map(|open| common::Channel::try_from(*open).ok());
    words.map(|open| word(open.as_str_name(), CHANNEL)).collect::<Vec<_>>().join(" ")
}

const CHANNEL: &str = "CHANNEL_";

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
