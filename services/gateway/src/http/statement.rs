//! What came to an agency and went from it, out of the books.
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use proto::invoicing::v1::RenderStatementRequest;
use proto::payments::v1::{GetStatementRequest, StatementLine};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::{Scope, admit};
use super::documents::{language, sent};
use super::read::query;
use super::resources::{Amount, word};
use super::shown;
use crate::App;
use crate::problem::{ProblemBody, Refused};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Days {
    /// The first day, in Bahrain: 2026-01-01.
    from: String,
    /// The last day; at most 92 days.
    to: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Printed {
    /// The first day, in Bahrain: 2026-01-01.
    from: String,
    /// The last day; at most 92 days.
    to: String,
    /// ar (when left out), en.
    #[serde(default)]
    language: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Statement {
    /// In the ledger: agency_payable:TRF.
    account: String,
    /// What the agency was owed when the first day began.
    opening: Option<Amount>,
    /// Opening and lines sum to closing.
    lines: Vec<Line>,
    closing: Option<Amount>,
}

/// What one kind of entry of one channel changed on one day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Line {
    date: String,
    /// As the ledger names it: wallet_captured, refund_reserved, …
    kind: String,
    /// wallet, kiosk_cash, …; unspecified: none.
    channel: String,
    entries: i64,
    came: Option<Amount>,
    went: Option<Amount>,
}

impl From<StatementLine> for Line {
    fn from(line: StatementLine) -> Line {
        Line {
            channel: word("CHANNEL_", line.channel().as_str_name()),
            date: line.business_date,
            kind: line.kind,
            entries: line.entries,
            came: line.came.map(Amount::from),
            went: line.went.map(Amount::from),
        }
    }
}

/// The agency's statement: what it was owed, what came and went by day, kind and channel, what it is owed after.
#[utoipa::path(get, path = "/v1/statement", tag = "collections", params(Days),
    responses((status = 200, body = Statement), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let caller = admit(&app, request.headers(), Scope::CollectionsRead).await?;
    let Days { from, to } = query(&request)?;
    let call = caller.call().request(GetStatementRequest { from, to })?;
    let said = app.clients.ledger.clone().get_statement(call).await?.into_inner();
    let statement = Statement {
        account: said.account,
        opening: said.opening.map(Amount::from),
        lines: said.lines.into_iter().map(Line::from).collect(),
        closing: said.closing.map(Amount::from),
    };
    Ok(shown(StatusCode::OK, &statement))
}

/// The same as PDF/A-3a and PDF/UA-1.
#[utoipa::path(get, path = "/v1/statement/document", tag = "collections", params(Printed),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>),
              (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn print(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let caller = admit(&app, request.headers(), Scope::CollectionsRead).await?;
    let Printed { from, to, language: lang } = query(&request)?;
    let asked = RenderStatementRequest { from, to, language: language(&lang)? };
    let answer = app.clients.documents.clone().render_statement(caller.call().request(asked)?).await?;
    sent(answer.into_inner().document)
}
