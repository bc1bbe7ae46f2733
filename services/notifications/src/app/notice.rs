//! Somebody shall be told of a bill, or need not be told any more.

use boot::wire::money_from_wire;
use ids::{ContactId, InvoiceId, MessageId, PartyRef};
use pg::Tx;
use proto::invoicing::v1::{NoticeDue, NoticeKind};
use time::{Date, macros::format_description};
use uuid::Uuid;

use crate::{
    Error, Notifications,
    domain::sending::{Command, Sending},
    store,
    store::message::{About, Kind, Message},
};

/// This service's name in its inbox.
pub const CONSUMER: &str = "notifications-invoicing";

/// Writes the message of one notice, once, however often it is heard; it waits while it is night.
///
/// # Errors
/// `Event`: it cannot be read. The database: it comes again.
pub async fn hear(svc: &Notifications, event_id: Uuid, notice: NoticeDue) -> Result<(), Error> {
    let contact: ContactId = parsed("contact_ref", &notice.contact_ref)?;
    let date = Date::parse(&notice.due_date, format_description!("[year]-[month]-[day]"));
    let about = About::Bill {
        kind: match notice.kind() {
            NoticeKind::Notice => Kind::Notice,
            NoticeKind::Reminder => Kind::Reminder,
            NoticeKind::Unspecified => return Err(Error::Event { what: "its kind", source: None }),
        },
        invoice: parsed("invoice_id", &notice.invoice_id)?,
        due_date: date.map_err(|error| unreadable("due_date", error))?,
        occasion: notice.occasion,
    };
    let now = svc.ctx.clock.now();
    let message = Message {
        id: MessageId(svc.ctx.ids.uuid(now)),
        contact,
        agency: notice.agency_id,
        bill_reference: notice.bill_reference,
        amount: money_from_wire("due", &notice.due)?,
        about,
        traceparent: boot::trace::traceparent(),
        created_at: now,
        sending: Sending::at(svc.quiet.not_before(now)),
    };
    let mut tx = svc.pg.begin().await?;
    if !bus::inbox::first_time(&mut tx, CONSUMER, event_id, now).await? {
        return Ok(());
    }
    if store::contact::find(&mut tx, contact).await?.is_none() {
        tracing::error!(%contact, "a notice names a contact that is not known here: nobody is told");
    } else if !store::message::insert(&mut tx, &message).await? {
        tracing::info!(bill = %message.bill_reference, "this notice is already on its way");
    }
    tx.commit().await?;
    svc.bells.email.notify_one();
    Ok(())
}

/// A bill changed, or was taken back: what waits to be said of it is no longer so. Once, however often it is heard.
///
/// # Errors
/// The database: it comes again.
pub async fn bill_changed(svc: &Notifications, event_id: Uuid, invoice_id: &str) -> Result<(), Error> {
    let invoice = parsed("invoice_id", invoice_id)?;
    let mut tx = svc.pg.begin().await?;
    if bus::inbox::first_time(&mut tx, CONSUMER, event_id, svc.ctx.clock.now()).await? {
        withdraw(svc, &mut tx, invoice).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Takes back what nobody has begun to send about a bill.
///
/// # Errors
/// The database.
pub async fn withdraw(svc: &Notifications, tx: &mut Tx, invoice: InvoiceId) -> Result<(), Error> {
    for (id, before) in store::message::lock_waiting(tx, invoice).await? {
        if let Ok(after) = before.step(Command::Withdraw, svc.ctx.clock.now()) {
            store::message::save(tx, id, &before, &after).await?;
        }
    }
    Ok(())
}

/// Destroys every address that invoicing gave for a person. Once, however often it is heard.
///
/// # Errors
/// The database: it comes again.
pub async fn person_erased(svc: &Notifications, event_id: Uuid, party_ref: &str) -> Result<(), Error> {
    let party: PartyRef = parsed("party_ref", party_ref)?;
    let mut tx = svc.pg.begin().await?;
    if bus::inbox::first_time(&mut tx, CONSUMER, event_id, svc.ctx.clock.now()).await? {
        let erased = store::contact::erase(&mut tx, "service:invoicing", &format!("party-{party}-")).await?;
        tx.commit().await?;
        tracing::info!(%party, erased, "addresses are destroyed");
    }
    Ok(())
}

fn parsed<T: std::str::FromStr<Err = ids::Invalid>>(what: &'static str, text: &str) -> Result<T, Error> {
    text.parse().map_err(|error: ids::Invalid| unreadable(what, error))
}

fn unreadable(what: &'static str, error: impl Into<boot::BoxError>) -> Error {
    Error::Event { what, source: Some(error.into()) }
}
