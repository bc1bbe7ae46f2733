//! Where an agency is told.

use boot::{Call, seal};
use ids::EndpointId;
use standards::webhook::Secret;

use crate::{
    Error, Notifications,
    domain::{endpoint::Condition, webhook_url::WebhookUrl},
    store,
    store::endpoint::Endpoint,
};

/// Adds an endpoint to the caller's agency. The secret is in this answer and its replays only.
///
/// # Errors
/// `UrlInvalid`, `UrlUnknown`, `UrlNotPublic`, `KeyReused`; `CommitUnknown`: the same call with the same key then tells.
pub async fn create(svc: Notifications, call: Call, url: String) -> Result<(Endpoint, Secret), Error> {
    let (agency, key) = (call.agency()?, (call.actor.as_str(), call.key()?));
    let url = WebhookUrl::parse(&url)?;
    svc.caller.check(&url).await?;

    let now = svc.ctx.clock.now();
    let id = EndpointId(svc.ctx.ids.uuid(now));
    let secret_bytes: [u8; 32] = svc.ctx.ids.bytes();
    let data_key = svc.master.new_data_key(&svc.ctx.ids);
    let endpoint = Endpoint {
        id,
        agency: agency.to_string(),
        url: url.url().to_string(),
        secret_sealed: data_key.seal(&secret_bytes, &context(id)),
        wrapped_key: svc.master.wrap(&data_key),
        condition: Condition::Good,
        created_at: now,
    };

    let mut tx = svc.pg.begin().await?;
    if store::endpoint::insert(&mut tx, &endpoint, key).await? {
        tx.commit().await?;
        return Ok((endpoint.clone(), secret(&svc, &endpoint)?));
    }
    let first = store::endpoint::of_key(&mut tx, agency, key).await?;
    let first = first.ok_or(Error::Corrupt { table: "endpoint" })?;
    if first.url != endpoint.url {
        return Err(Error::KeyReused);
    }
    let secret = secret(&svc, &first)?;
    Ok((first, secret))
}

/// The secret of an endpoint.
///
/// # Errors
/// `Sealed`: another master key, or changed bytes.
pub fn secret(svc: &Notifications, endpoint: &Endpoint) -> Result<Secret, Error> {
    let sealed = |source: seal::Error| Error::Sealed { table: "endpoint", source };
    let data_key = svc.master.unwrap(&endpoint.wrapped_key).map_err(sealed)?;
    let bytes = data_key.open(&endpoint.secret_sealed, &context(endpoint.id)).map_err(sealed)?;
    Secret::from_bytes(&bytes).ok().ok_or(Error::Corrupt { table: "endpoint" })
}

/// All endpoints of the caller's agency, oldest first.
///
/// # Errors
/// No agency; the database.
pub async fn list(svc: &Notifications, call: &Call) -> Result<Vec<Endpoint>, Error> {
    let agency = call.agency()?;
    let mut tx = svc.pg.read().await?;
    store::endpoint::of_agency(&mut tx, agency).await
}

fn context(id: EndpointId) -> Vec<u8> {
    format!("endpoint.secret:{id}").into_bytes()
}
