//! Keys: made once, checked by hash, ended by time or by hand.
use std::time::Duration;

use boot::{Call, Problem};
use proto::identity::v1::identity_service_client::IdentityServiceClient;
use proto::identity::v1::{ApiClient, AuthenticateApiKeyRequest, CreateApiKeyRequest, RevokeApiKeyRequest};
use testkit::Env;

struct Stack {
    env: Env,
    client: IdentityServiceClient<boot::grpc::Channel>,
}

impl Stack {
    async fn start() -> Stack {
        let env = Env::start("identity", &identity::MIGRATOR).await;
        let any = "127.0.0.1:0".parse().unwrap();
        let settings =
            identity::Settings { grpc_addr: any, health_addr: any, database_url: env.database_url.clone() };
        let running = identity::start(settings, &env.ctx).await.unwrap();
        let channel = boot::grpc::channel(&format!("http://{}", running.grpc)).unwrap();
        Stack { env, client: IdentityServiceClient::new(channel) }
    }

    async fn create(&mut self, request: CreateApiKeyRequest) -> Result<(ApiClient, String), Problem> {
        let request = Call::by("staff:1").request(request).unwrap();
        let made =
            self.client.create_api_key(request).await.map_err(|status| Problem::from_status(&status))?;
        let made = made.into_inner();
        Ok((made.client.unwrap(), made.api_key))
    }

    async fn authenticate(&mut self, key: &str) -> Result<ApiClient, String> {
        let answer =
            self.client.authenticate_api_key(AuthenticateApiKeyRequest { api_key: key.to_owned() }).await;
        answer
            .map(|answer| answer.into_inner().client.unwrap())
            .map_err(|status| Problem::from_status(&status).code.to_string())
    }
}

fn wanted() -> CreateApiKeyRequest {
    CreateApiKeyRequest {
        agency_id: "TRF".to_owned(),
        name: "billing".to_owned(),
        scopes: vec!["payments:read".to_owned()],
        valid_days: 30,
    }
}

#[tokio::test]
async fn a_key_leads_to_its_client_and_is_not_in_the_database() {
    let mut stack = Stack::start().await;
    let (client, key) = stack.create(wanted()).await.unwrap();
    assert_eq!(
        (client.agency_id.as_str(), client.scopes.as_slice()),
        ("TRF", &["payments:read".to_owned()][..])
    );
    assert_eq!(stack.authenticate(&key).await.unwrap(), client);
    assert_eq!(stack.authenticate("mzn_test_guess").await.unwrap_err(), "api_key_unknown");

    let mut tx = stack.env.pg.read().await.unwrap();
    let row: String =
        sqlx::query_scalar("SELECT to_jsonb(c)::text FROM api_client c").fetch_one(tx.conn()).await.unwrap();
    assert!(!row.contains(key.trim_start_matches("mzn_test_")), "{row}");
}

#[tokio::test]
async fn a_key_ends_by_time_and_by_hand() {
    let mut stack = Stack::start().await;
    let (_, key) = stack.create(wanted()).await.unwrap();
    stack.env.clock.advance(Duration::from_secs(30 * 24 * 3600 - 1));
    assert!(stack.authenticate(&key).await.is_ok());
    stack.env.clock.advance(Duration::from_secs(1));
    assert_eq!(stack.authenticate(&key).await.unwrap_err(), "api_key_unknown");

    let (client, key) = stack.create(wanted()).await.unwrap();
    let revoke = RevokeApiKeyRequest { client_id: client.client_id };
    stack.client.revoke_api_key(revoke.clone()).await.unwrap();
    assert_eq!(stack.authenticate(&key).await.unwrap_err(), "api_key_unknown");
    let again = stack.client.revoke_api_key(revoke).await.unwrap_err();
    assert_eq!(Problem::from_status(&again).code, "api_key_unknown");
}

#[tokio::test]
async fn what_cannot_be_a_key_is_refused_by_field() {
    let mut stack = Stack::start().await;
    for (change, code, field) in [
        (CreateApiKeyRequest { agency_id: "traffic".to_owned(), ..wanted() }, "invalid_id", "agency_id"),
        (CreateApiKeyRequest { scopes: vec!["all".to_owned()], ..wanted() }, "scope_unknown", "scopes"),
        (CreateApiKeyRequest { name: String::new(), ..wanted() }, "field_invalid", "name"),
        (CreateApiKeyRequest { valid_days: 731, ..wanted() }, "field_invalid", "valid_days"),
    ] {
        let problem = stack.create(change).await.unwrap_err();
        assert_eq!((problem.code.as_str(), problem.field.as_deref()), (code, Some(field)));
    }
}
