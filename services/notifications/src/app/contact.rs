//! Whom receipts go to.

use boot::{Call, Lang, Redacted, seal};
use ids::ContactId;
use lettre::Address;

use crate::{Error, Notifications, store, store::contact::Contact};

/// RFC 5321: a path has 256 octets, its angle brackets included.
const LONGEST: usize = 254;

/// Keeps an address, sealed with a key of its own, and answers its opaque reference.
///
/// # Errors
/// `EmailInvalid`, `KeyReused`; `CommitUnknown`: the same call with the same key then tells.
pub async fn register(
    svc: Notifications,
    call: Call,
    email: Redacted<String>,
    language: Lang,
) -> Result<ContactId, Error> {
    let key = (call.actor.as_str(), call.key()?);
    let email = email.expose().trim();
    if email.len() > LONGEST || !email.is_ascii() || email.parse::<Address>().is_err() {
        return Err(Error::EmailInvalid);
    }
    let now = svc.ctx.clock.now();
    let id = ContactId(svc.ctx.ids.uuid(now));
    let data_key = svc.master.new_data_key(&svc.ctx.ids);
    let contact = Contact {
        id,
        language,
        email_sealed: data_key.seal(email.as_bytes(), &context(id)),
        email_index: svc.master.blind_index(b"contact", format!("{language}:{email}")).to_vec(),
        wrapped_key: Some(svc.master.wrap(&data_key)),
    };

    let mut tx = svc.pg.begin().await?;
    if store::contact::insert(&mut tx, &contact, key, now).await? {
        tx.commit().await?;
        return Ok(id);
    }
    let first = store::contact::of_key(&mut tx, key).await?;
    match first {
        Some((id, index)) if index == contact.email_index => Ok(id),
        Some(_) => Err(Error::KeyReused),
        None => Err(Error::Corrupt { table: "contact" }),
    }
}

/// The address of `contact`; none once the person was erased.
///
/// # Errors
/// `Sealed`: another master key, or changed bytes.
pub fn address(svc: &Notifications, contact: &Contact) -> Result<Option<Redacted<Address>>, Error> {
    let Some(wrapped) = &contact.wrapped_key else { return Ok(None) };
    let sealed = |source: seal::Error| Error::Sealed { table: "contact", source };
    let data_key = svc.master.unwrap(wrapped).map_err(sealed)?;
    let plain = data_key.open(&contact.email_sealed, &context(contact.id)).map_err(sealed)?;
    let text = String::from_utf8(plain).ok();
    let address =
        text.and_then(|text| text.parse::<Address>().ok()).ok_or(Error::Corrupt { table: "contact" })?;
    Ok(Some(Redacted::new(address)))
}

fn context(id: ContactId) -> Vec<u8> {
    format!("contact.email:{id}").into_bytes()
}
