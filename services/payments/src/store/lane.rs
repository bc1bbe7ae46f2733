//! Stripes and their leases, and the chain of sealed batches. Leases run by the clock of Postgres, which all replicas
//! share; the fence decides.

use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

/// Seconds until a stripe that is not renewed may be taken by somebody else.
const LEASE_SECONDS: i32 = 10;

/// A stripe in this lane's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub stripe: i32,
    pub fence: i64,
}

/// The end of a stripe's chain.
#[derive(Clone, Debug)]
pub struct Head {
    pub seq: i64,
    pub hash: Vec<u8>,
}

/// A sealed batch.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub batch_id: Uuid,
    pub seq: i64,
    pub prev_hash: Vec<u8>,
    pub hash: Vec<u8>,
    pub commands: i32,
    pub sealed_at: OffsetDateTime,
}

/// Takes the lowest stripe whose lease ran out, or a new one.
///
/// # Errors
/// As any write of `tx`; `lane_pkey` when another replica made the same new stripe.
pub async fn take(tx: &mut Tx) -> Result<(Lease, Head), pg::Error> {
    let free = sqlx::query!(
        "UPDATE lane
            SET fence = fence + 1, leased_until = clock_timestamp() + $1::int * interval '1 second'
          WHERE lane = (SELECT lane FROM lane WHERE leased_until < clock_timestamp()
                         ORDER BY lane LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING lane, fence, last_seq, last_hash",
        LEASE_SECONDS,
    )
    .fetch_optional(tx.conn())
    .await?;
    if let Some(row) = free {
        let head = Head { seq: row.last_seq, hash: row.last_hash };
        return Ok((Lease { stripe: row.lane, fence: row.fence }, head));
    }
    let row = sqlx::query!(
        "INSERT INTO lane (lane, fence, leased_until, last_seq, last_hash)
         SELECT coalesce(max(lane) + 1, 0), 1, clock_timestamp() + $1::int * interval '1 second', 0, $2 FROM lane
      RETURNING lane, fence, last_seq, last_hash",
        LEASE_SECONDS,
        &[0_u8; 32][..],
    )
    .fetch_one(tx.conn())
    .await?;
    let head = Head { seq: row.last_seq, hash: row.last_hash };
    Ok((Lease { stripe: row.lane, fence: row.fence }, head))
}

/// Renews the lease of a stripe. False: it is somebody else's by now.
///
/// # Errors
/// As any write of `tx`.
pub async fn renew(tx: &mut Tx, lease: Lease) -> Result<bool, pg::Error> {
    let done = sqlx::query!(
        "UPDATE lane
            SET leased_until = clock_timestamp() + $3::int * interval '1 second'
          WHERE lane = $1
            AND fence = $2",
        lease.stripe,
        lease.fence,
        LEASE_SECONDS,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives the stripe back, so that the next start need not wait for the lease.
///
/// # Errors
/// As any write of `tx`.
pub async fn give_back(tx: &mut Tx, lease: Lease) -> Result<(), pg::Error> {
    sqlx::query!(
        "UPDATE lane SET leased_until = '-infinity' WHERE lane = $1 AND fence = $2",
        lease.stripe,
        lease.fence,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Appends a sealed batch to the end of the stripe's chain, locks the stripe until the end of `tx`, and renews its lease.
///
/// # Errors
/// `Conflict` when the stripe is somebody else's; as any write of `tx`.
pub async fn seal(tx: &mut Tx, lease: Lease, sealed: &Sealed) -> Result<(), pg::Error> {
    let done = sqlx::query!(
        "WITH moved AS (
             UPDATE lane
                SET last_seq = $4, last_hash = $6, leased_until = clock_timestamp() + $9::int * interval '1 second'
              WHERE lane = $1 AND fence = $2 AND last_seq = $4::bigint - 1 AND last_hash = $5
          RETURNING lane)
         INSERT INTO posting_batch (batch_id, lane, seq, prev_hash, hash, commands, sealed_at)
         SELECT $3, lane, $4, $5, $6, $7, $8 FROM moved",
        lease.stripe,
        lease.fence,
        sealed.batch_id,
        sealed.seq,
        sealed.prev_hash,
        sealed.hash,
        sealed.commands,
        sealed.sealed_at,
        LEASE_SECONDS,
    )
    .execute(tx.conn())
    .await?;
    pg::exactly_one(done, "lane")
}

/// Whether a batch was kept, after its COMMIT brought no answer. The lock waits for that transaction, if it still lives:
/// so the answer is final.
///
/// # Errors
/// As any read of `tx`.
pub async fn was_kept(tx: &mut Tx, lease: Lease, batch: Uuid) -> Result<bool, pg::Error> {
    sqlx::query_scalar!("SELECT fence FROM lane WHERE lane = $1 FOR UPDATE", lease.stripe)
        .fetch_optional(tx.conn())
        .await?;
    let found = sqlx::query_scalar!("SELECT batch_id FROM posting_batch WHERE batch_id = $1", batch)
        .fetch_optional(tx.conn())
        .await?;
    Ok(found.is_some())
}
