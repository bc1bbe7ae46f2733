//! `mizan catalogue <verb>`.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use proto::catalogue::v1::catalogue_service_client::CatalogueServiceClient;
use proto::catalogue::v1::{AddAgencyRequest, Agency};
use proto::common::v1::LocalText;

use super::end;
use super::officer::{Catalogue, answered, call};

/// Commands of the catalogue.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Reads agencies and fee services from two CSV files, all or nothing; the same files again change nothing.
    Import(::catalogue::ImportArgs),
    /// Adds one agency; one that exists keeps its accounts.
    AddAgency(NewAgency),
}

#[derive(Debug, Args)]
pub struct NewAgency {
    #[command(flatten)]
    catalogue: Catalogue,
    /// 2 to 8 letters A-Z.
    #[arg(long)]
    agency: String,
    #[arg(long)]
    name_en: String,
    #[arg(long)]
    name_ar: String,
    /// Its own system calls the public API.
    #[arg(long)]
    own_it_system: bool,
    /// 1 to 20 digits.
    #[arg(long)]
    revenue_account: String,
    #[arg(long)]
    settlement_iban: String,
    /// Of an agency that is registered for VAT: 15 digits. It stands on its tax invoices.
    #[arg(long, default_value = "")]
    vat_account: String,
    /// Who does it.
    #[arg(long)]
    actor: String,
}

/// Runs a verb against the service.
pub async fn run(verb: Verb) -> ExitCode {
    match verb {
        Verb::Import(args) => end(::catalogue::import_command(args).await),
        Verb::AddAgency(new) => end(add(new).await),
    }
}

async fn add(new: NewAgency) -> Result<String, String> {
    let mut catalogue = CatalogueServiceClient::new(new.catalogue.channel()?);
    let agency = Agency {
        agency_id: new.agency,
        name: Some(LocalText { en: new.name_en, ar: new.name_ar }),
        own_it_system: new.own_it_system,
        revenue_account: new.revenue_account,
        settlement_iban: new.settlement_iban,
        vat_account: new.vat_account,
    };
    let request = call(&new.actor, AddAgencyRequest { agency: Some(agency) })?;
    let added = answered(catalogue.add_agency(request).await)?.agency.unwrap_or_default();
    let name = added.name.unwrap_or_default();
    Ok(format!("{} {} / {}: {}", added.agency_id, name.en, name.ar, added.settlement_iban))
}
