//! What merchants ask of held money: take it.

use axum::{
    body::Bytes,
    extract::{ConnectInfo, State},
    http::HeaderMap,
    response::Response,
};

use super::{
    Wallet, book, callbacks,
    charge::{Charge, Command, Refused},
    fault::Operation,
    merchant,
    wire::{self, CaptureRequest, Refusal},
};
use crate::{Error, line::Line};

/// What a merchant asks to take.
#[derive(Clone, Debug)]
struct Asked {
    reference: String,
    /// The provider's own reference, as the merchant names it.
    payment_id: String,
    fils: i64,
}

/// Takes what a charge holds, or less, and lets the rest go.
///
/// # Errors
/// The book cannot be written.
pub async fn capture(
    State(wallet): State<Wallet>,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let asked = match readable(&wallet, &headers, &body) {
        Ok(asked) => asked,
        Err(refusal) => return Ok(wire::refuse(&wallet.0.secret, refusal, "")),
    };
    let tasks = wallet.0.world.ctx.tasks.clone();
    // A merchant that hangs up changes nothing.
    let done = tasks.run(take(wallet.clone(), asked.clone())).await;
    Ok(match done.map_err(|gone| Error::Conflict(gone.to_string()))?? {
        Done::Refused(refusal) => wire::refuse(&wallet.0.secret, refusal, &asked.reference),
        Done::Known(charge) => merchant::answer(&wallet, &charge),
        Done::Taken(charge) => {
            let fault = charge.capture_fault.map(|armed| armed.fault);
            merchant::faulted(fault, &line).unwrap_or_else(|| merchant::answer(&wallet, &charge))
        }
    })
}

fn readable(wallet: &Wallet, headers: &HeaderMap, body: &[u8]) -> Result<Asked, Refusal> {
    let request: CaptureRequest = wire::read(&wallet.0.secret, headers, body)?;
    if request.merchant_id != wallet.0.merchant_id {
        return Err(Refusal::UnknownMerchant);
    }
    Ok(Asked { fils: request.fils()?, reference: request.reference_id, payment_id: request.payment_id })
}

enum Done {
    Taken(Charge),
    /// There is nothing to take: not yet, not any more, or it was taken before.
    Known(Charge),
    Refused(Refusal),
}

/// Takes the money, or finds what became of it. Committed when this returns.
async fn take(wallet: Wallet, asked: Asked) -> Result<Done, Error> {
    let world = &wallet.0.world;
    let now = world.ctx.clock.now();
    let mut tx = world.pg.begin().await?;
    let named = book::lock(&mut tx, &asked.reference).await?;
    let Some(before) = named.filter(|charge| charge.payment_id == asked.payment_id) else {
        return Ok(Done::Refused(Refusal::NotFound));
    };
    let fault = book::disarm(&mut tx, &before.bill_reference, Operation::Capture).await?;
    let after = match before.step(Command::Capture { fils: asked.fils, fault }, now) {
        Ok(after) => after,
        Err(Refused::ExceedsHeld { .. }) => return Ok(Done::Refused(Refusal::AmountExceedsHeld)),
        Err(Refused::Gone(_)) => before.clone(),
    };
    if after == before || after.taken_fils() == 0 {
        // The fault stays armed: it is for a capture that takes.
        tx.rollback().await?;
        let looked = wallet.change(&asked.reference, Command::Look).await?;
        return Ok(Done::Known(looked.map_err(|gone| Error::Conflict(gone.to_string()))?));
    }
    book::save(&mut tx, &before, &after).await?;
    let told = callbacks::write(&wallet, &mut tx, &after, now).await?;
    tx.commit().await?;
    callbacks::committed(&wallet, &told, fault.map(|armed| armed.fault)).await?;
    Ok(Done::Taken(after))
}
