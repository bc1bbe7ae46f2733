//! What arrived, in Postgres before the sender is told so.

use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Error;

/// One mail of one receiver.
#[derive(Debug)]
pub struct Mail {
    pub receiver: String,
    pub sender: String,
    pub raw: Vec<u8>,
    pub copies: i32,
    pub received_at: OffsetDateTime,
}

/// Keeps a mail; a second copy of a Message-ID is counted.
pub async fn keep(tx: &mut Tx, id: Uuid, message_id: &str, mail: &Mail) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO mail AS kept (mail_id, receiver, sender, message_id, raw, copies, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT ON CONSTRAINT mail_once DO UPDATE SET copies = kept.copies + 1",
        id,
        mail.receiver,
        mail.sender,
        message_id,
        mail.raw,
        mail.copies,
        mail.received_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The mails of a receiver, or all, oldest first.
pub async fn kept(tx: &mut Tx, receiver: Option<&str>) -> Result<Vec<Mail>, Error> {
    let mails = sqlx::query_as!(
        Mail,
        "SELECT receiver, sender, raw, copies, received_at
           FROM mail
          WHERE $1::text IS NULL OR receiver = $1
          ORDER BY received_at, mail_id",
        receiver,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(mails)
}

/// The next `times` mails are refused with `code`.
pub async fn arm(tx: &mut Tx, times: i32, code: i32) -> Result<(), Error> {
    sqlx::query!("UPDATE mail_fault SET times = $1, code = $2", times, code).execute(tx.conn()).await?;
    Ok(())
}

/// The code to refuse this mail with, if the server is in trouble; counts it down.
pub async fn trouble(tx: &mut Tx) -> Result<Option<i32>, Error> {
    let code = sqlx::query_scalar!("UPDATE mail_fault SET times = times - 1 WHERE times > 0 RETURNING code")
        .fetch_optional(tx.conn())
        .await?;
    Ok(code)
}
