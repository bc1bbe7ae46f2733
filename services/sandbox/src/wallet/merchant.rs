//! What merchants ask of charges: collect, tell what became of it, and give a reference up.

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};

use super::{
    Wallet, book, callbacks, capture,
    charge::{self, Charge, Command},
    fault::{Fault, Operation},
    refund,
    wire::{self, PaymentRequest, Refusal, StatusRequest},
};
use crate::{Error, line::Line};

/// The merchant's endpoints.
pub fn router() -> Router<Wallet> {
    Router::new()
        .route("/benefit-pay/payments", post(initiate))
        .route("/benefit-pay/check-status", post(check_status))
        .route("/benefit-pay/captures", post(capture::capture))
        .route("/benefit-pay/reversals", post(reverse))
        .route("/benefit-pay/refunds", post(refund::merchant::give_back))
        .route("/benefit-pay/refunds/check-status", post(refund::merchant::check_status))
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
        Made::New(charge) => Ok(faulted(charge.fault, &line).unwrap_or_else(|| answer(&wallet, &charge))),
    }
}

/// What is answered instead of the truth, if the fault says so.
pub fn faulted(fault: Option<Fault>, line: &Line) -> Option<Response> {
    match fault? {
        Fault::SilentAfterApplying => {
            line.cut();
            Some(StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }
        Fault::ErrorThenApplied => {
            Some((StatusCode::INTERNAL_SERVER_ERROR, "internal error\n").into_response())
        }
        Fault::CallbackBeforeAnswer
        | Fault::CallbackTwice
        | Fault::CallbackLate
        | Fault::CallbackWrongAmount
        | Fault::ChargeWrongAmount => None,
    }
}

/// Is it a reference as merchants may choose them?
pub fn plain(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn readable(wallet: &Wallet, headers: &HeaderMap, body: &[u8]) -> Result<PaymentRequest, Refusal> {
    let request: PaymentRequest = wire::read(&wallet.0.secret, headers, body)?;
    if request.merchant_id != wallet.0.merchant_id {
        return Err(Refusal::UnknownMerchant);
    }
    let complete = plain(&request.reference_number)
        && (1..=64).contains(&request.bill_reference.len())
        && !request.app_id.is_empty()
        && request.callback_url.starts_with("http");
    if complete { Ok(request) } else { Err(Refusal::BadRequest) }
}

/// The signed answer about a charge.
pub fn answer(wallet: &Wallet, charge: &Charge) -> Response {
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
    let (asked_fils, hold) = match request.fils().and_then(|fils| Ok((fils, request.holds()?))) {
        Ok((fils, holds)) => (fils, holds.then_some(wallet.0.hold)),
        Err(refusal) => return Ok(Made::Refused(refusal)),
    };
    let mut tx = world.pg.begin().await?;
    let armed = book::disarm(&mut tx, &request.bill_reference, Operation::Charge).await?;
    let created = Charge {
        payment_id: payment_id(&wallet),
        reference: request.reference_number,
        bill_reference: request.bill_reference,
        asked_fils,
        amount_fils: asked_fils,
        refunded_fils: 0,
        state: charge::State::Created,
        hold,
        fault: armed.map(|armed| armed.fault),
        delay_ms: armed.map_or(0, |armed| armed.delay_ms),
        capture_fault: None,
        callback_url: request.callback_url,
        return_url: request.return_url,
        created_at: now,
        expires_at: now + charge::PAYABLE_FOR,
    };
    let at_once = created.fault.is_some_and(Fault::approves_at_once);
    let command = if at_once { Command::Approve } else { Command::Look };
    let new = created.step(command, now).map_err(|end| Error::Conflict(end.to_string()))?;
    if !book::insert(&mut tx, &new).await? {
        // The fault stays armed: it is for a new charge.
        tx.rollback().await?;
        return known(&wallet, &new).await;
    }
    let told = callbacks::write(&wallet, &mut tx, &new, now).await?;
    tx.commit().await?;
    callbacks::committed(&wallet, &told, new.fault).await?;
    Ok(Made::New(new))
}

async fn known(wallet: &Wallet, asked: &Charge) -> Result<Made, Error> {
    let looked = wallet.change(&asked.reference, Command::Look).await?;
    let charge = looked.map_err(|end| Error::Conflict(end.to_string()))?;
    let order = |charge: &Charge| (charge.asked_fils, charge.bill_reference.clone(), charge.hold.is_some());
    let same = order(&charge) == order(asked);
    // A reversed reference may be known without its order: the order that comes late is declined.
    let over = charge.state == charge::State::Reversed;
    Ok(if same || over { Made::Known(charge) } else { Made::Refused(Refusal::ReferenceReused) })
}

async fn check_status(
    State(wallet): State<Wallet>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let reference = match asked_about(&wallet, &headers, &body) {
        Ok(reference) => reference,
        Err(refused) => return Ok(refused),
    };
    match wallet.change(&reference, Command::Look).await {
        Ok(Ok(charge)) => Ok(answer(&wallet, &charge)),
        Ok(Err(end)) => Err(Error::Conflict(end.to_string())),
        Err(Error::NotFound(reference)) => Ok(wire::refuse(&wallet.0.secret, Refusal::NotFound, &reference)),
        Err(error) => Err(error),
    }
}

/// The reference a merchant asks about.
///
/// # Errors
/// The refusal, as it is answered.
#[expect(clippy::result_large_err, reason = "the refusal is the answer, made once")]
pub fn asked_about(wallet: &Wallet, headers: &HeaderMap, body: &[u8]) -> Result<String, Response> {
    let secret = &wallet.0.secret;
    let request: StatusRequest =
        wire::read(secret, headers, body).map_err(|refusal| wire::refuse(secret, refusal, ""))?;
    if request.merchant_id == wallet.0.merchant_id {
        Ok(request.reference_id)
    } else {
        Err(wire::refuse(secret, Refusal::UnknownMerchant, &request.reference_id))
    }
}

async fn reverse(State(wallet): State<Wallet>, headers: HeaderMap, body: Bytes) -> Result<Response, Error> {
    let reference = match asked_about(&wallet, &headers, &body) {
        Ok(reference) if plain(&reference) => reference,
        Ok(reference) => return Ok(wire::refuse(&wallet.0.secret, Refusal::BadRequest, &reference)),
        Err(refused) => return Ok(refused),
    };
    let tasks = wallet.0.world.ctx.tasks.clone();
    // A merchant that hangs up changes nothing.
    let done = tasks.run(give_up(wallet.clone(), reference)).await;
    let charge = done.map_err(|gone| Error::Conflict(gone.to_string()))??;
    Ok(answer(&wallet, &charge))
}

/// Makes sure that nothing can come of a reference; a paid charge stays as it is. Committed when this returns.
async fn give_up(wallet: Wallet, reference: String) -> Result<Charge, Error> {
    let tombstone = tombstone(&wallet, &reference);
    let mut tx = wallet.0.world.pg.begin().await?;
    // An order that comes at this moment waits for this row, or this waits for the order's.
    if book::insert(&mut tx, &tombstone).await? {
        tx.commit().await?;
        return Ok(tombstone);
    }
    tx.rollback().await?;
    let known = match wallet.change(&reference, Command::Reverse).await? {
        Ok(charge) => Ok(charge),
        Err(_paid) => wallet.change(&reference, Command::Look).await?,
    };
    known.map_err(|end| Error::Conflict(end.to_string()))
}

/// What is written of a reference that was never ordered.
fn tombstone(wallet: &Wallet, reference: &str) -> Charge {
    let world = &wallet.0.world;
    let now = world.ctx.clock.now();
    Charge {
        reference: reference.to_owned(),
        payment_id: payment_id(wallet),
        bill_reference: String::new(),
        asked_fils: 0,
        amount_fils: 0,
        refunded_fils: 0,
        state: charge::State::Reversed,
        hold: None,
        fault: None,
        delay_ms: 0,
        capture_fault: None,
        callback_url: String::new(),
        return_url: String::new(),
        created_at: now,
        expires_at: now,
    }
}

fn payment_id(wallet: &Wallet) -> String {
    format!("BP{}", hex::encode_upper(wallet.0.world.ctx.ids.bytes::<8>()))
}
