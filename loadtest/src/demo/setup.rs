//! Agencies, fees, keys and webhook endpoints.
use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::json;

use super::{Acts, Demo, Purse};
use crate::api::{Api, Body};
use crate::report::Report;
use crate::stack::{Layout, mizan};
use crate::world::World;

/// Those whose clerks send files in this demo.
pub const AGENCIES: [&str; 4] = ["TRF", "JUS", "MUN", "HLT"];

/// Imports the catalogue, makes an API key and a webhook endpoint for each agency.
///
/// # Errors
/// A command or call fails.
pub async fn seed(layout: &Layout, report: &mut Report) -> anyhow::Result<Demo> {
    report.chapter("Catalogue and keys");
    let data = data_folder()?.join("catalogue/data");
    let (agencies, services) = (data.join("agencies.csv"), data.join("services.csv"));
    let import = ["catalogue", "import", "--agencies", text(&agencies)?, "--services", text(&services)?];
    let said = mizan(layout, &import)?;
    report.equal(
        "12 agencies and 34 fee services are imported",
        &true,
        &(said.contains("12") && said.contains("34")),
    );
    let again = mizan(layout, &import)?;
    report.equal("importing the same files again changes nothing", &true, &again.contains("0 changed"));

    let world = World::new(layout.url("sandbox", "http"));
    let (mut apis, mut webhook_secrets) = (BTreeMap::new(), BTreeMap::new());
    for agency in AGENCIES {
        let key = mizan(layout, &["identity", "create-key", "--agency", agency, "--name", "demo"])?;
        let key =
            key.split_whitespace().find(|word| word.starts_with("mzn_")).context("an API key")?.to_owned();
        let api = Api::new(layout.url("gateway", "http"), key);
        let url = format!("{}/agency-hooks/{agency}", layout.inside_url("sandbox", "http"));
        let body = Body::Json(json!({ "url": url }));
        let endpoint =
            api.post("/v1/webhook-endpoints", &format!("hooks-{agency}"), &body).await?.success()?;
        let secret = endpoint["secret"].as_str().context("the endpoint's secret")?;
        webhook_secrets.insert(agency.to_owned(), secret.to_owned());
        apis.insert(agency.to_owned(), api);
    }
    report.equal("each agency has a key and a webhook endpoint", &AGENCIES.len(), &webhook_secrets.len());
    let portal = layout.url("portal", "http");
    let (purse, acts) = (Purse::default(), Acts::default());
    Ok(Demo { world, apis, webhook_secrets, portal, purse, acts, plans: None })
}

/// Addresses for a person, one a line.
pub fn links(layout: &Layout) -> Vec<String> {
    let portal = layout.url("portal", "http");
    vec![
        format!("payers' pages      {portal}/en/ and {portal}/ar/"),
        format!("public API         {}/openapi.json", layout.url("gateway", "http")),
        format!("wallet's book      {}/control/wallet/book", layout.url("sandbox", "http")),
        format!("mailbox            {}/control/mailbox", layout.url("sandbox", "http")),
        format!("metrics, e.g.      {}/metrics", layout.url("payments", "health")),
        format!("logs               {}/logs", layout.folder().display()),
    ]
}

/// The sample files lie beside the services that read them.
///
/// # Errors
/// This program does not run in its checkout.
pub fn data_folder() -> anyhow::Result<std::path::PathBuf> {
    let folders = std::env::current_dir()?;
    let found = folders.ancestors().map(|folder| folder.join("services")).find(|services| services.is_dir());
    found.context("run this inside the checkout")
}

fn text(path: &std::path::Path) -> anyhow::Result<&str> {
    path.to_str().context("a path in UTF-8")
}
