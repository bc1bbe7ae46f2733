//! `mizan identity create-key`.
use boot::{Call, Problem};
use proto::identity::v1::CreateApiKeyRequest;
use proto::identity::v1::identity_service_client::IdentityServiceClient;

/// What the operator types.
#[derive(Clone, Debug, clap::Args)]
pub struct CreateKeyArgs {
    /// Where `identity` answers.
    #[arg(long, env = "MIZAN_IDENTITY_URL", default_value = "http://127.0.0.1:7107")]
    identity_url: String,
    /// The agency's code.
    #[arg(long)]
    agency: String,
    /// What the key is for.
    #[arg(long)]
    name: String,
    /// What it may do, comma-separated; left out: everything an agency's program may do.
    #[arg(long, value_delimiter = ',')]
    scopes: Vec<String>,
    /// 1 to 730; left out: 365.
    #[arg(long, default_value_t = 0)]
    valid_days: i32,
    /// Who makes it.
    #[arg(long, default_value = "operator")]
    actor: String,
}

/// Makes a key and gives the lines for the operator.
///
/// # Errors
/// What the service answered, or that it does not answer.
pub async fn create_key_command(args: CreateKeyArgs) -> Result<String, String> {
    let channel = boot::grpc::channel(&args.identity_url).map_err(|error| error.to_string())?;
    let request = CreateApiKeyRequest {
        agency_id: args.agency,
        name: args.name,
        scopes: args.scopes,
        valid_days: args.valid_days,
    };
    let request = Call::by(args.actor).request(request).map_err(|problem| problem.to_string())?;
    let made = IdentityServiceClient::new(channel).create_api_key(request).await;
    let made = made.map_err(|status| Problem::from_status(&status).to_string())?.into_inner();
    let client = made.client.unwrap_or_default();
    Ok(format!(
        "client {} of {} with {}\nkey (shown once): {}",
        client.client_id,
        client.agency_id,
        client.scopes.join(" "),
        made.api_key
    ))
}
