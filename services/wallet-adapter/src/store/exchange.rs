//! Evidence of each call to a provider.

use ids::AttemptId;
use pg::Tx;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Error,
    domain::outcome::Outcome,
    providers::{
        Kind,
        http::{Answer, Outgoing},
    },
};

/// A call that is about to leave.
#[derive(Clone, Debug)]
pub struct Beginning<'a> {
    pub exchange_id: Uuid,
    pub provider: &'static str,
    pub kind: Kind,
    pub outgoing: &'a Outgoing,
    /// What the payer may scan.
    pub qr_payload: Option<&'a str>,
    pub started_at: OffsetDateTime,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    pub outcome: &'a Outcome,
    pub answer: Option<&'a Answer>,
    pub ended_at: OffsetDateTime,
}

impl End<'_> {
    fn reason(&self) -> Option<&str> {
        Some(self.outcome.reason()).filter(|reason| !reason.is_empty())
    }

    fn http_code(&self) -> Option<i32> {
        self.answer.map(|answer| i32::from(answer.http_code))
    }

    fn answer_body(&self) -> Option<&[u8]> {
        self.answer.map(|answer| answer.body.as_slice())
    }

    fn answer_signature(&self) -> Option<&str> {
        self.answer.map(|answer| answer.signature.as_str())
    }
}

/// Writes down a call: before it leaves, or, if it changes nothing wherever it arrives, with its end.
///
/// # Errors
/// Postgres.
pub async fn write(tx: &mut Tx, call: &Beginning<'_>, end: Option<End<'_>>) -> Result<(), Error> {
    let body = call.outgoing.body.as_bytes();
    let hash = Sha256::digest(body);
    sqlx::query!(
        "INSERT INTO provider_exchange (exchange_id, provider, attempt_id, refund_id, kind, url, request_body,
                                        request_hash, qr_payload, started_at, ended_at, outcome, reason,
                                        observed_state, http_code, answer_body, answer_signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        call.exchange_id,
        call.provider,
        call.kind.attempt().map(|attempt| attempt.0),
        call.kind.refund().map(|refund| refund.0),
        call.kind.name(),
        call.outgoing.url,
        body,
        hash.as_slice(),
        call.qr_payload,
        call.started_at,
        end.map(|end| end.ended_at),
        end.map(|end| end.outcome.name()),
        end.as_ref().and_then(End::reason),
        end.and_then(|end| end.outcome.observed()),
        end.and_then(|end| end.http_code()),
        end.as_ref().and_then(End::answer_body),
        end.as_ref().and_then(End::answer_signature),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Completes the evidence of a call; once.
///
/// # Errors
/// Postgres; `Conflict` when it was completed before.
pub async fn complete(tx: &mut Tx, exchange_id: Uuid, end: End<'_>) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE provider_exchange
            SET ended_at = $2, outcome = $3, reason = $4, observed_state = $5, http_code = $6, answer_body = $7,
                answer_signature = $8
          WHERE exchange_id = $1
            AND ended_at IS NULL",
        exchange_id,
        end.ended_at,
        end.outcome.name(),
        end.reason(),
        end.outcome.observed(),
        end.http_code(),
        end.answer_body(),
        end.answer_signature(),
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "provider_exchange")?)
}

/// Did an earlier call of this kind about the same thing leave this machine, or may it have? One without an end may.
///
/// # Errors
/// Postgres.
pub async fn may_have_left(tx: &mut Tx, kind: Kind, but: Uuid) -> Result<bool, Error> {
    // An id is an attempt's or a refund's, and the kind says whose.
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM provider_exchange
                WHERE (attempt_id = $1 OR refund_id = $2)
                  AND kind = $3
                  AND exchange_id <> $4
                  AND outcome IS DISTINCT FROM 'not_sent'
           ) AS "left!""#,
        kind.attempt().filter(|_| kind.refund().is_none()).map(|attempt| attempt.0),
        kind.refund().map(|refund| refund.0),
        kind.name(),
        but,
    )
    .fetch_one(tx.conn())
    .await?)
}

/// The code the payer may scan, from the order of an attempt.
///
/// # Errors
/// Postgres.
pub async fn qr_payload(tx: &mut Tx, attempt: AttemptId) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar!(
        r#"SELECT qr_payload AS "qr_payload!"
             FROM provider_exchange
            WHERE attempt_id = $1
              AND kind = 'initiate'
              AND qr_payload IS NOT NULL
            ORDER BY started_at DESC
            LIMIT 1"#,
        attempt.0,
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Was this provider ever asked to collect for this attempt?
///
/// # Errors
/// Postgres.
pub async fn is_ours(tx: &mut Tx, provider: &str, attempt: AttemptId) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM provider_exchange WHERE attempt_id = $1 AND kind = 'initiate' AND provider = $2
           ) AS "ours!""#,
        attempt.0,
        provider,
    )
    .fetch_one(tx.conn())
    .await?)
}
