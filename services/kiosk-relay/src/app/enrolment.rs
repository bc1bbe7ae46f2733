//! A device becomes known, gets its certificate by a one-time code, and is activated by a second person.

use ids::DeviceId;
use sha2::{Digest as _, Sha256};
use time::Duration;

use super::Relay;
use crate::{
    Error,
    ca::Request,
    domain::device::{Command, Device, Effect, Refusal},
    store::{self, device::Known},
};

/// From registering a device to its enrolment.
const CODE_VALID: Duration = Duration::minutes(60);
/// 160 bits: nobody guesses it, and its plain hash can be stored.
const CODE_BYTES: usize = 20;
/// A street and its number.
const LONGEST_PLACE: usize = 200;

/// What a device gets for its code.
#[derive(Clone, Debug)]
pub struct Enrolled {
    pub device_id: DeviceId,
    pub certificate_pem: String,
}

/// Makes a device known and gives its enrolment code, which is shown this once. Its registrar may ask again while the
/// code is unused: the new code takes the old one's place.
///
/// # Errors
/// `Invalid`, `ActorMissing`, `Device` (the serial is taken).
pub async fn register(
    relay: Relay,
    by: String,
    device_id: DeviceId,
    place: String,
) -> Result<(Known, String), Error> {
    let place = place.trim().to_owned();
    if place.is_empty() || place.chars().count() > LONGEST_PLACE || place.contains(char::is_control) {
        let detail = format!("say in 1 to {LONGEST_PLACE} characters where the device stands");
        return Err(Error::Invalid { field: "place", detail });
    }
    let by = named(by)?;
    let now = relay.clock.now();
    let code = hex::encode(relay.ids.bytes::<CODE_BYTES>());
    let mut tx = relay.pg.begin().await?;
    let new = Device::register(device_id.clone(), place.clone(), by.clone());
    if !store::device::insert(&mut tx, &new, now).await? {
        let before = store::device::lock(&mut tx, &device_id).await?.device;
        let (after, _) = before.step(Command::Register { by }, now)?;
        store::device::save(&mut tx, &before, &Device { place, ..after }).await?;
    }
    store::enrolment::replace(&mut tx, &device_id, &hash(&code), now + CODE_VALID).await?;
    let known = store::device::find(&mut tx, &device_id).await?;
    tx.commit().await?;
    Ok((known, code))
}

/// Uses a code: the key of `csr_pem` becomes the device's for ever, and gets a certificate. The same key with the same
/// code gets the same certificate again, so that a lost answer does not lose the device.
///
/// # Errors
/// `CodeInvalid` for a wrong, expired or used one; `Invalid` for the request.
pub async fn enrol(
    relay: Relay,
    device_id: Option<DeviceId>,
    code: String,
    csr_pem: String,
) -> Result<Enrolled, Error> {
    let request = Request::read(&csr_pem)?;
    let now = relay.clock.now();
    let mut tx = relay.pg.begin().await?;
    let given = store::enrolment::lock(&mut tx, &hash(code.trim())).await?;
    if device_id.is_some_and(|device_id| device_id != given.device_id) {
        return Err(Error::CodeInvalid);
    }
    if let Some((key, certificate_pem)) = given.used_for {
        let same = key == request.key;
        return same
            .then_some(Enrolled { device_id: given.device_id, certificate_pem })
            .ok_or(Error::CodeInvalid);
    }
    if now >= given.expires_at {
        return Err(Error::CodeInvalid);
    }
    let before = store::device::lock(&mut tx, &given.device_id).await?.device;
    let (after, _) = before.step(Command::Enrol { key: request.key }, now)?;
    let certificate_pem = relay.ca.certify(&given.device_id, &request, &relay.ids, now)?;
    store::device::save(&mut tx, &before, &after).await.map_err(key_of_another)?;
    store::enrolment::use_up(&mut tx, &given.device_id, &request.key, &certificate_pem, now).await?;
    tx.commit().await?;
    tracing::info!(device = %given.device_id, "enrolled, waits for its activation");
    Ok(Enrolled { device_id: given.device_id, certificate_pem })
}

/// Lets an enrolled device take money.
///
/// # Errors
/// `ActorMissing`, `DeviceUnknown`, `Device` (same person, wrong state).
pub async fn activate(relay: Relay, by: String, device_id: DeviceId) -> Result<Known, Error> {
    let by = named(by)?;
    let now = relay.clock.now();
    let mut tx = relay.pg.begin().await?;
    let before = store::device::lock(&mut tx, &device_id).await?.device;
    let (after, effect) = before.step(Command::Activate { by }, now)?;
    if effect != Effect::Repeated {
        store::device::save(&mut tx, &before, &after).await?;
    }
    let known = store::device::find(&mut tx, &device_id).await?;
    tx.commit().await?;
    Ok(known)
}

/// One device, as it is now.
///
/// # Errors
/// `DeviceUnknown`.
pub async fn get(relay: &Relay, device_id: &DeviceId) -> Result<Known, Error> {
    let mut tx = relay.pg.read().await?;
    store::device::find(&mut tx, device_id).await
}

/// All devices, by serial.
///
/// # Errors
/// As any read.
pub async fn list(relay: &Relay) -> Result<Vec<Known>, Error> {
    let mut tx = relay.pg.read().await?;
    store::device::all(&mut tx).await
}

/// Four eyes need two names.
fn named(actor: String) -> Result<String, Error> {
    if actor.trim().is_empty() || actor == "anonymous" { Err(Error::ActorMissing) } else { Ok(actor) }
}

/// Two devices with one key could not be told apart.
fn key_of_another(error: Error) -> Error {
    let taken = matches!(&error, Error::Pg(broken) if broken.constraint() == Some("device_key_once"));
    if taken { Error::Device(Refusal::Exists) } else { error }
}

fn hash(code: &str) -> [u8; 32] {
    Sha256::digest(code).into()
}
