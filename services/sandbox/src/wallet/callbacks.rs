//! Tells merchants what became of their charges: at least once, until they take it or eight tries are over.

use std::time::Duration;

use futures::StreamExt as _;
use pg::Tx;
use time::OffsetDateTime;

use super::{
    Wallet,
    book::{self, Callback, Told},
    charge::{Charge, State},
    fault::Fault,
    refund::Refund,
    wire,
};
use crate::Error;

/// Tries until the provider gives up.
const TRIES_MAX: i32 = 8;
/// Between tries: this, then doubled.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Between looks when nobody rings.
const LOOK: Duration = Duration::from_millis(200);
/// Told at once by the worker at most; the rest waits for the next look.
const AT_ONCE: usize = 32;
/// A callback that a handler sends itself is left to it this long.
const HANDLERS_OWN: time::Duration = time::Duration::seconds(10);

/// Writes down what must be told about `charge`, if anything. Returns it.
///
/// # Errors
/// Postgres.
pub async fn write(
    wallet: &Wallet,
    tx: &mut Tx,
    charge: &Charge,
    now: OffsetDateTime,
) -> Result<Vec<Callback>, Error> {
    match charge.state {
        // The merchant knows what it reversed.
        State::Created | State::Expired | State::Reversed => Ok(Vec::new()),
        State::Authorised | State::Paid { .. } | State::Declined => {
            let (body, signature) = wire::callback(&wallet.0.secret, &wallet.0.merchant_id, charge);
            let armed = charge.telling();
            let (fault, delay_ms) = (armed.map(|armed| armed.fault), armed.map_or(0, |armed| armed.delay_ms));
            owe(wallet, tx, &Owed { charge, body, signature, fault, delay_ms }, now).await
        }
    }
}

/// Writes down what must be told about a refund of a charge that was done. Returns it.
///
/// # Errors
/// Postgres.
pub async fn write_refund(
    wallet: &Wallet,
    tx: &mut Tx,
    (charge, refund): (&Charge, &Refund),
    now: OffsetDateTime,
) -> Result<Vec<Callback>, Error> {
    let (body, signature) = wire::refund_callback(&wallet.0.secret, &wallet.0.merchant_id, refund);
    let (fault, delay_ms) = (refund.fault, refund.delay_ms);
    owe(wallet, tx, &Owed { charge, body, signature, fault, delay_ms }, now).await
}

/// Something to tell the merchant of a charge.
struct Owed<'a> {
    charge: &'a Charge,
    body: String,
    signature: String,
    fault: Option<Fault>,
    delay_ms: i64,
}

async fn owe(
    wallet: &Wallet,
    tx: &mut Tx,
    owed: &Owed<'_>,
    now: OffsetDateTime,
) -> Result<Vec<Callback>, Error> {
    let mut due_at = now;
    if owed.fault == Some(Fault::CallbackLate) {
        due_at += time::Duration::milliseconds(owed.delay_ms);
    }
    if owed.fault == Some(Fault::CallbackBeforeAnswer) {
        due_at += HANDLERS_OWN;
    }
    let mut written = Vec::new();
    for _ in 0..owed.fault.map_or(1, Fault::callbacks) {
        let callback = Callback {
            callback_id: wallet.0.world.ctx.ids.uuid(now),
            reference: owed.charge.reference.clone(),
            url: owed.charge.callback_url.clone(),
            body: owed.body.clone(),
            signature: owed.signature.clone(),
            due_at,
            tries: 0,
        };
        book::insert_callback(tx, &callback).await?;
        written.push(callback);
    }
    Ok(written)
}

/// What was written is durable: it is told in time, or by the fault before the merchant has its answer.
///
/// # Errors
/// As [`tell`].
pub async fn committed(wallet: &Wallet, told: &[Callback], fault: Option<Fault>) -> Result<(), Error> {
    if fault == Some(Fault::CallbackBeforeAnswer) {
        for callback in told {
            tell(wallet, callback).await?;
        }
    }
    wallet.0.bell.notify_one();
    Ok(())
}

/// Tells once, and writes down how it ended.
///
/// # Errors
/// Postgres.
pub async fn tell(wallet: &Wallet, callback: &Callback) -> Result<(), Error> {
    let request = wallet
        .0
        .http
        .post(&callback.url)
        .header("content-type", "application/json")
        .header(wire::SIGNATURE, &callback.signature)
        .header(wire::SIGNATURE_TYPE, wire::KEYVAL)
        .body(callback.body.clone());
    let (taken, answer) = match request.send().await {
        Ok(answer) => (answer.status().is_success(), answer.status().to_string()),
        Err(error) => (false, boot::start_error::chain(&error)),
    };
    let now = wallet.0.world.ctx.clock.now();
    let told = if taken {
        Told::Delivered { at: now }
    } else if callback.tries + 1 >= TRIES_MAX {
        Told::GivenUp { at: now }
    } else {
        let doubled = u32::try_from(callback.tries).unwrap_or_default();
        Told::Again {
            due_at: now + FIRST_PAUSE.saturating_mul(1_u32 << doubled.min(TRIES_MAX.unsigned_abs())),
        }
    };
    let mut tx = wallet.0.world.pg.begin().await?;
    book::save_try(&mut tx, callback.callback_id, told, &answer).await?;
    Ok(tx.commit().await?)
}

/// Tells what is due, until the process stops.
pub async fn work(wallet: Wallet) {
    let ctx = &wallet.0.world.ctx;
    let stopping = ctx.tasks.stopping();
    loop {
        match tell_due(&wallet).await {
            // More may wait than one look takes.
            Ok(told) if told == AT_ONCE => {}
            Ok(_) => tokio::select! {
                () = wallet.0.bell.notified() => {}
                () = ctx.clock.sleep(LOOK) => {}
                () = stopping.cancelled() => return,
            },
            Err(error) => {
                tracing::warn!(error = boot::start_error::chain(&error), "callbacks wait");
                tokio::select! {
                    () = ctx.clock.sleep(LOOK) => {}
                    () = stopping.cancelled() => return,
                }
            }
        }
        if stopping.is_cancelled() {
            return;
        }
    }
}

async fn tell_due(wallet: &Wallet) -> Result<usize, Error> {
    if wallet.weather().await?.outage {
        return Ok(0);
    }
    let mut tx = wallet.0.world.pg.read().await?;
    let now = wallet.0.world.ctx.clock.now();
    let most = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
    let due = book::due_callbacks(&mut tx, now, most).await?;
    drop(tx);
    let told = due.len();
    let one = |callback: Callback| {
        let wallet = wallet.clone();
        async move { tell(&wallet, &callback).await }
    };
    let tries: Vec<Result<(), Error>> =
        futures::stream::iter(due).map(one).buffer_unordered(AT_ONCE).collect().await;
    tries.into_iter().collect::<Result<Vec<()>, Error>>()?;
    Ok(told)
}
