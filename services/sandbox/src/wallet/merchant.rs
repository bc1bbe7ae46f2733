//! What merchants ask: collect, and tell what became of it.

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};

use super::{
    Wallet, book, callbacks,
    charge::{self, Charge, Command},
    fault::Fault,
    wire::{self, PaymentRequest, Refusal, StatusRequest},
};
use crate::{Error, line::Line};

/// The merchant's endpoints.
pub fn router() -> Router<Wallet> {
    Router::new()
        .route("/benefit-pay/payments", post(initiate))
        .route("/benefit-pay/check-status", post(check_status))
}

async fn initiate(
    State(wallet): State<Wallet>,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let request = match readable(&wallet, &headers, &body) {
        Ok(request) => request,
        Err(refusal) => return Ok(wire::refuse(&wallet.0.secret, refusal, "")),
    };
    let tasks = wallet.0.world.ctx.tasks.clone();
    // A merchant that hangs up changes nothing.
    let made = tasks.run(collect(wallet.clone(), request.clone())).await;
    match made.map_err(|gone| Error::Conflict(gone.to_string()))?? {
        Made::Refused(refusal) => Ok(wire::refuse(&wallet.0.secret, refusal, &request.reference_number)),
        Made::Known(charge) => Ok(answer(&wallet, &charge)),
        Made::New(charge) => match charge.fault {
            Some(Fault::SilentAfterApplying) => {
                line.cut();
                Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response())
            }
            Some(Fault::ErrorThenApplied) => {
                Ok((StatusCode::INTERNAL_SERVER_ERROR, "internal error\n").into_response())
            }
            None
            | Some(
                Fault::CallbackBeforeAnswer
                | Fault::CallbackTwice
                | Fault::CallbackLate
                | Fault::CallbackWrongAmount
                | Fault::ChargeWrongAmount,
            ) => Ok(answer(&wallet, &charge)),
        },
    }
}

fn readable(wallet: &Wallet, headers: &HeaderMap, body: &[u8]) -> Result<PaymentRequest, Refusal> {
    let request: PaymentRequest = wire::read(&wallet.0.secret, headers, body)?;
    if request.merchant_id != wallet.0.merchant_id {
        return Err(Refusal::UnknownMerchant);
    }
    let plain = |text: &str| {
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let complete = plain(&request.reference_number)
        && (1..=64).contains(&request.bill_reference.len())
        && !request.app_id.is_empty()
        && request.callback_url.starts_with("http");
    if complete { Ok(request) } else { Err(Refusal::BadRequest) }
}

fn answer(wallet: &Wallet, charge: &Charge) -> Response {
    wire::answer(&wallet.0.secret, charge, &wallet.page_url(&charge.reference))
}

enum Made {
    New(Charge),
    /// The merchant asked for the same before.
    Known(Charge),
    Refused(Refusal),
}

/// Makes the charge, or finds the one of an earlier call. Committed when this returns.
async fn collect(wallet: Wallet, request: PaymentRequest) -> Result<Made, Error> {
    let world = &wallet.0.world;
    let now = world.ctx.clock.now();
    let asked_fils = match request.fils() {
        Ok(fils) => fils,
        Err(refusal) => return Ok(Made::Refused(refusal)),
    };
    let mut tx = world.pg.begin().await?;
    let armed = book::disarm(&mut tx, &request.bill_reference).await?;
    let created = Charge {
        payment_id: format!("BP{}", hex::encode_upper(world.ctx.ids.bytes::<8>())),
        reference: request.reference_number,
        bill_reference: request.bill_reference,
        asked_fils,
        amount_fils: asked_fils,
        state: charge::State::Created,
        fault: armed.map(|(fault, _)| fault),
        delay_ms: armed.map_or(0, |(_, delay_ms)| delay_ms),
        callback_url: request.callback_url,
        return_url: request.return_url,
        created_at: now,
        expires_at: now + charge::PAYABLE_FOR,
    };
    let at_once = created.fault.is_some_and(Fault::pays_at_once);
    let command = if at_once { Command::Approve } else { Command::Look };
    let new = created.step(command, now).map_err(|end| Error::Conflict(end.to_string()))?;
    if !book::insert(&mut tx, &new).await? {
        // The fault stays armed: it is for a new charge.
        tx.rollback().await?;
        return known(&wallet, &new).await;
    }
    let told = callbacks::write(&wallet, &mut tx, &new, now).await?;
    tx.commit().await?;
    if new.fault == Some(Fault::CallbackBeforeAnswer) {
        for callback in &told {
            callbacks::tell(&wallet, callback).await?;
        }
    }
    wallet.0.bell.notify_one();
    Ok(Made::New(new))
}

async fn known(wallet: &Wallet, asked: &Charge) -> Result<Made, Error> {
    let looked = wallet.change(&asked.reference, Command::Look).await?;
    let charge = looked.map_err(|end| Error::Conflict(end.to_string()))?;
    let same = (charge.asked_fils, &charge.bill_reference) == (asked.asked_fils, &asked.bill_reference);
    Ok(if same { Made::Known(charge) } else { Made::Refused(Refusal::ReferenceReused) })
}

async fn check_status(
    State(wallet): State<Wallet>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let secret = &wallet.0.secret;
    let request: StatusRequest = match wire::read(secret, &headers, &body) {
        Ok(request) => request,
        Err(refusal) => return Ok(wire::refuse(secret, refusal, "")),
    };
    if request.merchant_id != wallet.0.merchant_id {
        return Ok(wire::refuse(secret, Refusal::UnknownMerchant, &request.reference_id));
    }
    match wallet.change(&request.reference_id, Command::Look).await {
        Ok(Ok(charge)) => Ok(answer(&wallet, &charge)),
        Ok(Err(end)) => Err(Error::Conflict(end.to_string())),
        Err(Error::NotFound(reference)) => Ok(wire::refuse(secret, Refusal::NotFound, &reference)),
        Err(error) => Err(error),
    }
}
