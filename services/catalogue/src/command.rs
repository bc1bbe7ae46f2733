//! `mizan catalogue import`.
use std::path::{Path, PathBuf};

use boot::{Call, Problem, StartError};
use proto::catalogue::v1::ImportCatalogueRequest;
use proto::catalogue::v1::catalogue_service_client::CatalogueServiceClient;

/// The largest file, in bytes: what one gRPC message takes, and far more than a country's catalogue.
const MAX_FILE_BYTES: usize = 1_500_000;

/// What the operator types.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportArgs {
    /// Where `catalogue` answers.
    #[arg(long, env = "MIZAN_CATALOGUE_URL", default_value = "http://127.0.0.1:7101")]
    pub catalogue_url: String,
    /// The agencies, as CSV in UTF-8.
    #[arg(long)]
    pub agencies: PathBuf,
    /// Their fee services, as CSV in UTF-8.
    #[arg(long)]
    pub services: PathBuf,
    /// Who imports.
    #[arg(long, default_value = "operator")]
    pub actor: String,
}

/// Why nothing is known to have been imported.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("cannot read {}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{} is larger than {MAX_FILE_BYTES} bytes; is it the right file?", .0.display())]
    TooLarge(PathBuf),
    #[error("{0}")]
    Url(StartError),
    #[error("{url} does not answer ({}); is catalogue running? Check --catalogue-url", problem.detail)]
    Away { url: String, problem: Problem },
    #[error("the catalogue was not imported ({}):\n{}", .0.code, .0.detail)]
    Refused(Problem),
}

impl CommandError {
    /// The process's exit code, as of a service that does not start: 64 what was typed or written, 69 what is away, 70
    /// a mistake of ours.
    pub fn exit_code(&self) -> u8 {
        match self {
            CommandError::File { .. } | CommandError::TooLarge(_) => 64,
            CommandError::Url(error) => error.exit_code(),
            CommandError::Away { .. } => 69,
            CommandError::Refused(problem) => {
                if problem.outcome_unknown() {
                    70
                } else {
                    64
                }
            }
        }
    }
}

/// Imports both files and gives the line for the operator.
///
/// # Errors
/// A file cannot be read; the service does not answer, or refuses the files and says every mistake.
pub async fn import_command(args: ImportArgs) -> Result<String, CommandError> {
    let request = ImportCatalogueRequest {
        agencies_csv: read(&args.agencies).await?,
        services_csv: read(&args.services).await?,
    };
    let channel = boot::grpc::channel(&args.catalogue_url).map_err(CommandError::Url)?;
    let request = Call::by(args.actor).request(request).map_err(CommandError::Refused)?;
    let answer = CatalogueServiceClient::new(channel).import_catalogue(request).await;
    let done = answer.map_err(|status| {
        let problem = Problem::from_status(&status);
        if problem.kind == tonic::Code::Unavailable {
            return CommandError::Away { url: args.catalogue_url.clone(), problem };
        }
        CommandError::Refused(problem)
    })?;
    let done = done.into_inner();
    Ok(format!("{} agencies and {} fee services, {} changed", done.agencies, done.services, done.changed))
}

async fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    let read = tokio::fs::read(path).await;
    let bytes = read.map_err(|source| CommandError::File { path: path.to_owned(), source })?;
    if bytes.len() > MAX_FILE_BYTES { Err(CommandError::TooLarge(path.to_owned())) } else { Ok(bytes) }
}
