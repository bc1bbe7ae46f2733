//! The agency of the self-test: made by the calls that people's commands make; there already, they change nothing.
use boot::{Call, StartError, bahrain_date};
use ids::{PolicyId, Uuid};
use proto::catalogue::v1::catalogue_service_client::CatalogueServiceClient;
use proto::catalogue::v1::channel_policy_service_client::ChannelPolicyServiceClient;
use proto::catalogue::v1::{
    AnnouncePolicyRequest, ImportCatalogueRequest, ListPoliciesRequest, PolicyState, ProposePolicyRequest,
};
use proto::common::v1::Channel;
use proto::identity::v1::identity_service_client::IdentityServiceClient;
use proto::identity::v1::{CreateApiKeyRequest, RevokeApiKeyRequest};
use sha2::{Digest as _, Sha256};

use super::ways::Ways;
use super::{AGENCY, SERVICE, broken};

/// Who proposes and who announces: two, as the rules want it.
const CLERK: &str = "selftest:clerk";
const OFFICER: &str = "selftest:officer";
/// It is closed for cash, as every service of the programme is to be; wallets are among the rest.
const OPEN: [Channel; 5] = [Channel::Portal, Channel::Wallet, Channel::Card, Channel::Transfer, Channel::Pos];

const AGENCIES_CSV: &str = "\
code,name_en,name_ar,own_it_system,revenue_account,settlement_iban
SELFTST,Self-test (not an agency),فحص ذاتي (ليست جهة حكومية),yes,9999,BH24MZNB00000001000799
";
const SERVICES_CSV: &str = "\
agency,service,name_en,name_ar,fee,tax_category,electronic_only,electronic_only_from
SELFTST,SELF-TEST,Self-test (not a fee),فحص ذاتي (ليس رسمًا),fixed:1.000,O,full,2026-01-01
";

/// The agency and its service, with their fee from the first moment on.
pub async fn exists(ways: &Ways) -> Result<(), StartError> {
    let catalogue = CatalogueServiceClient::new(ways.catalogue.channel()?);
    let import =
        ImportCatalogueRequest { agencies_csv: AGENCIES_CSV.into(), services_csv: SERVICES_CSV.into() };
    let import = || async { catalogue.clone().import_catalogue(by(CLERK, import.clone())?).await };
    ways.call(&ways.catalogue, import).await.map(drop)
}

/// A policy that is open for wallets, proposed by one person and announced by another, unless there is one.
pub async fn takes_wallets(ways: &Ways) -> Result<(), StartError> {
    let policies = ChannelPolicyServiceClient::new(ways.catalogue.channel()?);
    let list = ListPoliciesRequest { agency_id: AGENCY.to_owned(), service_code: SERVICE.to_owned() };
    let list = || async { policies.clone().list_policies(by(CLERK, list.clone())?).await };
    let known = ways.call(&ways.catalogue, list).await?.policies;
    if known.iter().any(|policy| policy.state() == PolicyState::Announced) {
        return Ok(());
    }
    let today = bahrain_date(ways.clock.now()).to_string();
    let policy_id = of_the_day(&today).to_string();
    let propose = ProposePolicyRequest {
        policy_id: policy_id.clone(),
        agency_id: AGENCY.to_owned(),
        service_code: SERVICE.to_owned(),
        valid_from: today,
        channels: OPEN.into_iter().map(i32::from).collect(),
        reason: "the self-test pays by wallet".to_owned(),
    };
    let propose = || async { policies.clone().propose_policy(by(CLERK, propose.clone())?).await };
    ways.call(&ways.catalogue, propose).await?;
    let announce = AnnouncePolicyRequest { policy_id };
    let announce = || async { policies.clone().announce_policy(by(OFFICER, announce.clone())?).await };
    ways.call(&ways.catalogue, announce).await.map(drop)
}

/// Two self-tests of one day propose the same.
fn of_the_day(today: &str) -> PolicyId {
    let mut id = [0; 16];
    let hash = Sha256::digest(format!("{AGENCY} {SERVICE} {today}"));
    id.iter_mut().zip(hash).for_each(|(byte, of)| *byte = of);
    PolicyId(Uuid::from_bytes(id))
}

/// A key that was just made.
pub struct Key {
    pub text: String,
    client_id: String,
}

/// A client of its own for this run: keys are shown once.
pub async fn key(ways: &Ways) -> Result<Key, StartError> {
    let identity = IdentityServiceClient::new(ways.identity.channel()?);
    let scopes = ["invoices:read", "invoices:write", "payments:read", "payments:write"];
    let create = CreateApiKeyRequest {
        agency_id: AGENCY.to_owned(),
        name: "self-test".to_owned(),
        scopes: scopes.map(str::to_owned).into(),
        valid_days: 1,
    };
    let create = || async { identity.clone().create_api_key(by(CLERK, create.clone())?).await };
    let made = ways.call(&ways.identity, create).await?;
    let client = made.client.ok_or_else(|| broken("identity made a key without a client"))?;
    Ok(Key { text: made.api_key, client_id: client.client_id })
}

/// Nobody needs the key any more.
pub async fn revoke(ways: &Ways, key: &Key) -> Result<(), StartError> {
    let identity = IdentityServiceClient::new(ways.identity.channel()?);
    let revoke = RevokeApiKeyRequest { client_id: key.client_id.clone() };
    let revoke = || async { identity.clone().revoke_api_key(by(CLERK, revoke.clone())?).await };
    ways.call(&ways.identity, revoke).await.map(drop)
}

fn by<T>(actor: &str, message: T) -> Result<tonic::Request<T>, tonic::Status> {
    Ok(Call::by(actor).request(message)?)
}
