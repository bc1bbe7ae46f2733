//! The hosted page: the payer says yes or no.

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use boot::Lang;
use money::Money;
use serde::Deserialize;

use super::{
    Wallet,
    charge::{Charge, Command, State as ChargeState},
};
use crate::Error;

/// The payer's endpoints.
pub fn router() -> Router<Wallet> {
    Router::new()
        .route("/wallet/pay/{reference}", get(look))
        .route("/wallet/pay/{reference}/approve", post(approve))
        .route("/wallet/pay/{reference}/decline", post(decline))
}

#[derive(Debug, Default, Deserialize)]
struct Reader {
    #[serde(default)]
    lang: String,
}

impl Reader {
    fn lang(&self) -> Lang {
        self.lang.parse().unwrap_or(Lang::Ar)
    }
}

#[derive(Template)]
#[template(path = "wallet.html")]
struct Page<'a> {
    lang: &'a str,
    dir: &'a str,
    other_lang: &'a str,
    other_name: String,
    title: String,
    state: String,
    bill_label: String,
    bill_reference: &'a str,
    amount_label: String,
    amount: String,
    reference_label: String,
    reference: &'a str,
    approve: String,
    decline: String,
    back: String,
    return_url: &'a str,
    open: bool,
}

async fn look(
    State(wallet): State<Wallet>,
    Path(reference): Path<String>,
    Query(reader): Query<Reader>,
) -> Result<Response, Error> {
    decide(&wallet, &reference, Command::Look, reader.lang()).await
}

async fn approve(
    State(wallet): State<Wallet>,
    Path(reference): Path<String>,
    Query(reader): Query<Reader>,
) -> Result<Response, Error> {
    decide(&wallet, &reference, Command::Approve, reader.lang()).await
}

async fn decline(
    State(wallet): State<Wallet>,
    Path(reference): Path<String>,
    Query(reader): Query<Reader>,
) -> Result<Response, Error> {
    decide(&wallet, &reference, Command::Decline, reader.lang()).await
}

async fn decide(wallet: &Wallet, reference: &str, command: Command, lang: Lang) -> Result<Response, Error> {
    let tasks = wallet.0.world.ctx.tasks.clone();
    let (owner, of) = (wallet.clone(), reference.to_owned());
    let done = tasks.run(async move { owner.change(&of, command).await }).await;
    let (status, charge) = match done.map_err(|gone| Error::Conflict(gone.to_string()))?? {
        // Too late is told, and the page shows how it ended.
        Ok(charge) if command == Command::Approve && charge.state == ChargeState::Expired => {
            (StatusCode::CONFLICT, charge)
        }
        Ok(charge) => (StatusCode::OK, charge),
        Err(_final) => {
            let looked = wallet.change(reference, Command::Look).await?;
            (StatusCode::CONFLICT, looked.map_err(|end| Error::Conflict(end.to_string()))?)
        }
    };
    let page = page(wallet, &charge, lang).render().map_err(|error| Error::Conflict(error.to_string()))?;
    Ok((status, Html(page)).into_response())
}

fn page<'a>(wallet: &Wallet, charge: &'a Charge, lang: Lang) -> Page<'a> {
    let say = |key: &str| wallet.0.texts.say(lang, key, &[]);
    let other = if lang == Lang::Ar { Lang::En } else { Lang::Ar };
    Page {
        lang: lang.code(),
        dir: lang.dir(),
        other_lang: other.code(),
        other_name: say("other-language"),
        title: say("wallet-title"),
        state: say(match charge.state {
            ChargeState::Created => "wallet-created",
            ChargeState::Authorised => "wallet-authorised",
            ChargeState::Paid { .. } => "wallet-paid",
            // To the payer both mean the same: nothing was taken, and nothing will be.
            ChargeState::Declined | ChargeState::Reversed => "wallet-declined",
            ChargeState::Expired => "wallet-expired",
        }),
        bill_label: say("wallet-bill"),
        bill_reference: &charge.bill_reference,
        amount_label: say("wallet-amount"),
        amount: Money::fils(charge.amount_fils).page(lang.into()),
        reference_label: say("wallet-reference"),
        reference: &charge.reference,
        approve: say("wallet-approve"),
        decline: say("wallet-decline"),
        back: say("wallet-back"),
        // Only a web address: a merchant shall not put a script behind the payer's click.
        return_url: if charge.return_url.starts_with("http") { &charge.return_url } else { "" },
        open: charge.state == ChargeState::Created,
    }
}
