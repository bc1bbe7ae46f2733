//! Use cases, a file a noun. A command goes to the engine, where it is one transaction with its idempotency record.

pub mod day;
pub mod exception;
pub mod ledger;
pub mod payment;
pub mod receivable;
pub mod refund;

use boot::{Call, Problem};
use ids::AgencyId;
use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::{
    Error, Payments,
    domain::Command,
    engine::{Answer, Key},
};

/// The caller's key for `operation`: the same key with the same request has one effect and one answer. The answer
/// is its agency's alone: who acts for another asks anew.
///
/// # Errors
/// The call has none.
pub fn key(call: &Call, operation: &str, request: &impl Message) -> Result<Key, Problem> {
    let body_hash = Sha256::digest(request.encode_to_vec()).to_vec();
    let agency = call.agency.as_ref().map_or("-", AgencyId::as_str);
    let scope = format!("{operation} {agency} {}", call.actor);
    Ok(Key { scope, key: call.key()?.to_owned(), body_hash })
}

/// Does `command`; the answer is read from the bytes that every call with this key gets.
///
/// # Errors
/// As [`crate::engine::Engine::submit`].
pub async fn submit<T: Message + Default>(svc: &Payments, command: Command, key: Key) -> Result<T, Error> {
    match svc.engine.submit(command, Some(key)).await? {
        Answer::Bytes(bytes) => T::decode(bytes.as_slice()).map_err(|error| Problem::internal(error).into()),
        Answer::Done => Err(Error::Panicked),
    }
}
