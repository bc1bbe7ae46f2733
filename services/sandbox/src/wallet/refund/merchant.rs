//! What merchants ask of refunds: give back, and tell what became of it.

use axum::{
    body::Bytes,
    extract::{ConnectInfo, State},
    http::HeaderMap,
    response::Response,
};

use super::{Asked, Refund, book};
use crate::{
    Error,
    line::Line,
    wallet::{
        Wallet, book as charges, callbacks,
        fault::Operation,
        merchant,
        wire::{self, RefundRequest, Refusal},
    },
};

/// Gives money of a paid charge back.
///
/// # Errors
/// The book cannot be written.
pub async fn give_back(
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
    let made = tasks.run(refund(wallet.clone(), asked.clone())).await;
    let secret = &wallet.0.secret;
    Ok(match made.map_err(|gone| Error::Conflict(gone.to_string()))?? {
        Made::Reused => wire::refuse(secret, Refusal::ReferenceReused, &asked.reference),
        Made::Known(refund) => wire::refund_answer(secret, &refund),
        Made::New(refund) => {
            merchant::faulted(refund.fault, &line).unwrap_or_else(|| wire::refund_answer(secret, &refund))
        }
    })
}

fn readable(wallet: &Wallet, headers: &HeaderMap, body: &[u8]) -> Result<Asked, Refusal> {
    let request: RefundRequest = wire::read(&wallet.0.secret, headers, body)?;
    if request.merchant_id != wallet.0.merchant_id {
        return Err(Refusal::UnknownMerchant);
    }
    if ![&request.reference_id, &request.original_reference_id].into_iter().all(|text| merchant::plain(text))
    {
        return Err(Refusal::BadRequest);
    }
    Ok(Asked {
        fils: request.fils()?,
        reference: request.reference_id,
        original_reference: request.original_reference_id,
        payment_id: request.payment_id,
    })
}

enum Made {
    New(Refund),
    /// The merchant asked for the same before.
    Known(Refund),
    Reused,
}

/// Makes the refund, or finds the one of an earlier call. Committed when this returns.
async fn refund(wallet: Wallet, asked: Asked) -> Result<Made, Error> {
    let world = &wallet.0.world;
    let now = world.ctx.clock.now();
    let refund_id = format!("BR{}", hex::encode_upper(world.ctx.ids.bytes::<8>()));
    let mut tx = world.pg.begin().await?;
    // The lock makes refunds of one charge wait for each other: each sees what is left.
    let charge = charges::lock(&mut tx, &asked.original_reference).await?;
    let charge = asked.of(charge.as_ref());
    let allowed = match charge {
        Ok(charge) => Ok(charges::disarm(&mut tx, &charge.bill_reference, Operation::Refund).await?),
        Err(decline) => Err(decline),
    };
    let new = Refund::new(&asked, refund_id, allowed, now);
    if !book::insert(&mut tx, &new).await? {
        // The fault stays armed: it is for a new refund.
        tx.rollback().await?;
        return known(&wallet, &asked).await;
    }
    let mut told = Vec::new();
    if let Ok(charge) = charge {
        charges::give_back(&mut tx, &charge.reference, new.state.given_fils()).await?;
        told = callbacks::write_refund(&wallet, &mut tx, (charge, &new), now).await?;
    }
    tx.commit().await?;
    callbacks::committed(&wallet, &told, new.fault).await?;
    Ok(Made::New(new))
}

async fn known(wallet: &Wallet, asked: &Asked) -> Result<Made, Error> {
    let mut tx = wallet.0.world.pg.read().await?;
    let refund = book::find(&mut tx, &asked.reference).await?;
    let refund = refund.ok_or_else(|| Error::NotFound(asked.reference.clone()))?;
    Ok(if refund.is_of(asked) { Made::Known(refund) } else { Made::Reused })
}

/// Tells what became of a refund.
///
/// # Errors
/// The book cannot be read.
pub async fn check_status(
    State(wallet): State<Wallet>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let secret = &wallet.0.secret;
    let reference = match merchant::asked_about(&wallet, &headers, &body) {
        Ok(reference) => reference,
        Err(refused) => return Ok(refused),
    };
    let mut tx = wallet.0.world.pg.read().await?;
    Ok(match book::find(&mut tx, &reference).await? {
        Some(refund) => wire::refund_answer(secret, &refund),
        None => wire::refuse(secret, Refusal::NotFound, &reference),
    })
}
