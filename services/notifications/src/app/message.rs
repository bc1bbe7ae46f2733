//! Sending letters: claim, send outside any transaction, record.

use boot::Redacted;
use lettre::Address;

use super::contact;
use crate::{
    Error, Notifications,
    domain::{retry::Schedule, sending::Answer},
    letter::Facts,
    store,
    store::{contact::Contact, message::Message},
};

/// Takes up to `limit` messages that are due. Whoever takes one sends it, or dies and another takes it.
///
/// # Errors
/// The database; nothing was taken then.
pub async fn claim(svc: &Notifications, limit: i64) -> Result<Vec<Message>, Error> {
    let mut tx = svc.pg.begin().await?;
    let mut taken = Vec::new();
    for message in store::message::lock_due(&mut tx, svc.ctx.clock.now(), limit).await? {
        let after = svc.taken(&message.sending)?;
        store::message::save(&mut tx, message.id, &message.sending, &after).await?;
        taken.push(Message { sending: after, ..message });
    }
    tx.commit().await?;
    Ok(taken)
}

/// Sends a claimed message and records what the mail server said.
///
/// # Errors
/// The outcome was not recorded: the lease ends, and the message is sent again under the same Message-ID.
pub async fn send(svc: &Notifications, message: &Message) -> Result<(), Error> {
    let mut tx = svc.pg.read().await?;
    let found = store::contact::find(&mut tx, message.contact).await?;
    tx.rollback().await?;
    let contact = found.ok_or(Error::Corrupt { table: "message" })?;
    let answer = match contact::address(svc, &contact)? {
        Some(address) => mail(svc, message, &contact, &address).await?,
        None => Answer::Never { code: 0 }, // erased meanwhile: nobody to tell
    };
    svc.metrics.answered("email", answer);

    let after = svc.settled(&message.sending, answer, Schedule::email(svc.retry_scale_percent))?;
    let mut tx = svc.pg.begin().await?;
    store::message::save(&mut tx, message.id, &message.sending, &after).await?;
    tx.commit().await?;
    tracing::info!(message_id = %message.id, state = after.state.name(), tries = after.tries, answer = after.last_answer, template = message.about.template(), "a letter was tried");
    Ok(())
}

async fn mail(
    svc: &Notifications,
    message: &Message,
    contact: &Contact,
    address: &Redacted<Address>,
) -> Result<Answer, Error> {
    let agency = svc.agencies.name(&message.agency, contact.language).await;
    let facts = Facts {
        bill_reference: &message.bill_reference,
        agency: &agency,
        amount: message.amount,
        about: &message.about,
    };
    let written = svc.letters.write(contact.language, facts).map_err(|error| Error::Mail(error.into()))?;
    svc.mailer.send(message.id, address, written, message.created_at).await
}
