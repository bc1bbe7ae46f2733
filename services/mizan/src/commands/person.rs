//! What an agency keeps about a person.
use std::process::ExitCode;

use boot::Call;
use clap::{Args, Subcommand};
use proto::invoicing::v1::privacy_service_client::PrivacyServiceClient;
use proto::invoicing::v1::{ErasePersonRequest, ExportPersonRequest, ExportPersonResponse};

use super::end;
use super::officer::{Invoicing, answered, dinars};

/// What an agency keeps about a person: shown, or erased. Both are noted in the access log.
#[derive(Debug, Args)]
pub struct Person {
    #[command(flatten)]
    invoicing: Invoicing,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Everything that is kept, and who has looked.
    Export(Whose),
    /// Destroys the person's key; bills and books stay. Not while a bill is open.
    Erase(Whose),
}

#[derive(Debug, Args)]
struct Whose {
    #[arg(long)]
    agency: String,
    /// The personal number, nine digits, or a company's registration with its branch; from this variable it stands in no list of processes.
    #[arg(long, env = "MIZAN_CPR", hide_env_values = true)]
    cpr: String,
    /// Why; no personal data.
    #[arg(long)]
    reason: String,
    /// Who asks.
    #[arg(long)]
    actor: String,
}

impl Whose {
    fn call<T>(&self, message: T) -> Result<tonic::Request<T>, String> {
        let agency = self.agency.parse().map_err(|error: ids::Invalid| error.to_string())?;
        Call::by(&self.actor).for_agency(agency).request(message).map_err(|problem| problem.detail)
    }
}

/// Runs a verb against the service.
pub async fn run(person: Person) -> ExitCode {
    end(answer(person).await)
}

async fn answer(person: Person) -> Result<String, String> {
    let channel = person.invoicing.channel()?;
    let mut privacy = PrivacyServiceClient::new(channel);
    match person.verb {
        Verb::Export(whose) => {
            let asked = ExportPersonRequest { cpr: whose.cpr.clone(), reason: whose.reason.clone() };
            Ok(shown(&answered(privacy.export_person(whose.call(asked)?).await)?))
        }
        Verb::Erase(whose) => {
            let asked = ErasePersonRequest { cpr: whose.cpr.clone(), reason: whose.reason.clone() };
            let erased = answered(privacy.erase_person(whose.call(asked)?).await)?;
            let (who, bills, rows) = (erased.party_ref, erased.bills, erased.rows);
            Ok(format!("{who} has no name any more: {bills} bills stay, {rows} rows of files are gone"))
        }
    }
}

fn shown(person: &ExportPersonResponse) -> String {
    let mut lines = vec![format!("CPR {} is {}", person.cpr, person.party_ref)];
    for bill in &person.bills {
        let invoice = bill.invoice.clone().unwrap_or_default();
        let (number, total) = (invoice.invoice_number, dinars(invoice.total.as_ref()));
        lines.push(format!("bill {number} of {total}: {} | {} | {}", bill.name, bill.phone, bill.note));
    }
    for access in &person.accesses {
        let at = access.at.as_ref().map_or(0, |at| at.seconds);
        let at =
            time::OffsetDateTime::from_unix_timestamp(at).map_or_else(|_| String::new(), |at| at.to_string());
        lines.push(format!("seen {at} by {}: {} {}", access.actor, access.what, access.reason));
    }
    lines.join("\n")
}
