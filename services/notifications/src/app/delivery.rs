//! Calling agencies' endpoints: claim, call outside any transaction, record.

use boot::Call;
use ids::DeliveryId;

use super::endpoint;
use crate::{
    Error, Notifications,
    domain::{endpoint::Condition, retry::Schedule, sending::Answer, webhook_url::WebhookUrl},
    out::webhook::Letter,
    store,
    store::{delivery::Delivery, endpoint::Endpoint},
};

/// Takes up to `limit` deliveries that are due. Whoever takes one makes the call, or dies and another takes it.
///
/// # Errors
/// The database; nothing was taken then.
pub async fn claim(svc: &Notifications, limit: i64) -> Result<Vec<Delivery>, Error> {
    let mut tx = svc.pg.begin().await?;
    let mut taken = Vec::new();
    for delivery in store::delivery::lock_due(&mut tx, svc.ctx.clock.now(), limit).await? {
        let after = svc.taken(&delivery.sending)?;
        store::delivery::save(&mut tx, delivery.id, &delivery.sending, &after).await?;
        taken.push(Delivery { sending: after, ..delivery });
    }
    tx.commit().await?;
    Ok(taken)
}

/// Makes a claimed call and records what the endpoint said; an endpoint that says 410 is not called again.
///
/// # Errors
/// The outcome was not recorded: the lease ends, and the call is made again under the same webhook-id.
pub async fn send(svc: &Notifications, delivery: &Delivery) -> Result<(), Error> {
    let mut tx = svc.pg.read().await?;
    let endpoint = store::endpoint::find(&mut tx, delivery.endpoint).await?;
    tx.rollback().await?;
    let answer = match endpoint.condition {
        Condition::Good | Condition::Failing { .. } => call(svc, delivery, &endpoint).await?,
        Condition::Disabled { .. } => Answer::Never { code: delivery.sending.last_answer },
    };
    svc.metrics.answered("webhook", answer);

    let now = svc.ctx.clock.now();
    if delivery.sending.tries == 1 {
        svc.metrics.first_tried(now - delivery.created_at);
    }
    let after = svc.settled(&delivery.sending, answer, Schedule::webhook(svc.retry_scale_percent))?;
    let mut tx = svc.pg.begin().await?;
    store::delivery::save(&mut tx, delivery.id, &delivery.sending, &after).await?;
    if endpoint.condition.after(answer, now) != endpoint.condition {
        // Others may have changed it since: decide again on the locked row.
        let locked = store::endpoint::lock(&mut tx, delivery.endpoint).await?;
        let condition = locked.condition.after(answer, now);
        if condition != locked.condition {
            store::endpoint::save(&mut tx, delivery.endpoint, condition).await?;
        }
    }
    tx.commit().await?;
    tracing::info!(delivery_id = %delivery.id, endpoint_id = %delivery.endpoint, state = after.state.name(), tries = after.tries, answer = after.last_answer, "a webhook was tried");
    Ok(())
}

async fn call(svc: &Notifications, delivery: &Delivery, endpoint: &Endpoint) -> Result<Answer, Error> {
    let url = WebhookUrl::parse(&endpoint.url).ok().ok_or(Error::Corrupt { table: "endpoint" })?;
    let secret = endpoint::secret(svc, endpoint)?;
    let id = delivery.id.to_string();
    let letter = Letter { id: &id, body: &delivery.body, secret: &secret, at: svc.ctx.clock.now() };
    Ok(svc.caller.post(&url, letter).await)
}

/// A page of the caller's agency's deliveries, oldest first, after `after`.
///
/// # Errors
/// No agency; the database.
pub async fn page(
    svc: &Notifications,
    call: &Call,
    after: Option<DeliveryId>,
    limit: i64,
) -> Result<Vec<Delivery>, Error> {
    let agency = call.agency()?;
    let mut tx = svc.pg.read().await?;
    store::delivery::page(&mut tx, agency, after, limit).await
}
