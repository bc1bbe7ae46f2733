//! Making, checking and revoking API keys.
use ids::{AgencyId, ClientId};

use crate::domain::api_client::{ApiClient, expiry, hash, new_key};
use crate::domain::scope::Scope;
use crate::store::api_client::{self as store, Made};
use crate::{Error, Identity};

/// The longest name of a client, in characters.
const LONGEST_NAME: usize = 100;

/// What is asked for.
pub struct Wanted {
    pub agency: AgencyId,
    pub name: String,
    /// Empty: all.
    pub scopes: Vec<Scope>,
    /// 0: the default.
    pub valid_days: i32,
}

/// Makes a client and its key. The key is in the answer and nowhere else.
pub async fn create(svc: &Identity, by: &str, wanted: Wanted) -> Result<(ApiClient, String), Error> {
    let now = svc.clock.now();
    if !(1..=LONGEST_NAME).contains(&wanted.name.chars().count()) {
        return Err(Error::NameLength);
    }
    let expires_at = expiry(wanted.valid_days, now).ok_or(Error::ValidDays)?;
    let scopes = if wanted.scopes.is_empty() { Scope::ALL.to_vec() } else { wanted.scopes };
    let id = ClientId::from(svc.ids.uuid(now));
    let client =
        ApiClient { id, agency: wanted.agency, name: wanted.name, scopes, expires_at, revoked_at: None };
    let key = new_key(&svc.ids);

    let mut tx = svc.pg.begin().await?;
    store::insert(&mut tx, &client, hash(&key), Made { by, at: now }).await?;
    tx.commit().await?;
    tracing::info!(client = %client.id, agency = %client.agency, by, "an API key was made");
    Ok((client, key))
}

/// The client of a key that works now. Unknown, expired and revoked keys get the same answer.
pub async fn authenticate(svc: &Identity, key: &str) -> Result<ApiClient, Error> {
    let mut tx = svc.pg.read().await?;
    let client = store::find(&mut tx, hash(key)).await?;
    client.filter(|client| client.is_valid(svc.clock.now())).ok_or(Error::UnknownKey)
}

/// Ends a key.
pub async fn revoke(svc: &Identity, by: &str, client: ClientId) -> Result<(), Error> {
    let mut tx = svc.pg.begin().await?;
    if !store::revoke(&mut tx, client, svc.clock.now()).await? {
        return Err(Error::UnknownKey);
    }
    tx.commit().await?;
    tracing::info!(%client, by, "an API key was revoked");
    Ok(())
}
