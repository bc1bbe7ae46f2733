//! Work on uploads that may take longer than a call: judging rows, issuing bills. A process works on an upload alone, under a
//! lease in its row; when it dies, another one goes on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use ids::UploadId;
use pg::Tx;
use uuid::Uuid;

use super::{Invoicing, check_upload, issue_upload, withdraw_upload};
use crate::domain::upload::{MAX_ROWS, State, Upload};
use crate::store::upload::Lease;
use crate::{Error, store};

/// A call waits so long for its upload; then it answers how far it is.
const CALLER_WAITS: Duration = Duration::from_secs(10);
/// A worker that has not put away a part for so long is dead.
const LEASE: Duration = Duration::from_mins(2);

/// One gate an upload: calls of this process that want the same work done wait for each other.
#[derive(Default)]
pub struct Gates(Mutex<HashMap<UploadId, Weak<tokio::sync::Mutex<()>>>>);

impl Gates {
    fn of(&self, id: UploadId) -> Arc<tokio::sync::Mutex<()>> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gates.retain(|_, gate| gate.strong_count() > 0);
        if let Some(gate) = gates.get(&id).and_then(Weak::upgrade) {
            return gate;
        }
        let gate = Arc::default();
        gates.insert(id, Arc::downgrade(&gate));
        gate
    }

    /// Somebody of this process works on it, or waits to.
    fn is_busy(&self, id: UploadId) -> bool {
        let gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gates.get(&id).is_some_and(|gate| gate.strong_count() > 0)
    }
}

/// Does what is to be done on an upload; returns when nothing is left, when it went wrong, or when a call has waited long enough
/// and the work goes on by itself.
pub async fn settle(svc: &Invoicing, id: UploadId) {
    let (worker, gate) = (svc.clone(), svc.gates.of(id));
    let work = svc.ctx.tasks.run(async move {
        let _alone = gate.lock().await;
        work(&worker, id).await
    });
    let done = tokio::select! {
        done = work => done.map_err(Error::from).flatten(),
        () = svc.ctx.clock.sleep(CALLER_WAITS) => Ok(()),
    };
    if let Err(error) = done {
        tracing::warn!(upload_id = %id, %error, "an upload waits to be taken up");
    }
}

/// Takes up the uploads whose day has come, and those whose workers died.
///
/// # Errors
/// The database is away.
pub async fn take_up(svc: &Invoicing) -> Result<(), Error> {
    issue_upload::begin_scheduled(svc).await?;
    let mut tx = svc.pg.read().await?;
    let abandoned = store::upload::abandoned(&mut tx, svc.ctx.clock.now()).await?;
    tx.commit().await?;
    // One that waits for room here is not abandoned, though its lease may have run out.
    for id in abandoned.into_iter().filter(|id| !svc.gates.is_busy(*id)) {
        settle(svc, id).await;
    }
    Ok(())
}

async fn work(svc: &Invoicing, id: UploadId) -> Result<(), Error> {
    let worker = svc.ctx.ids.uuid(svc.ctx.clock.now());
    let mut tx = svc.pg.begin().await?;
    let upload = hold(svc, &mut tx, id, worker).await?;
    tx.commit().await?;
    let Some(upload) = upload else { return Ok(()) };
    let rows = u32::try_from(upload.rows.clamp(1, MAX_ROWS)).unwrap_or(1);
    let room = svc.rows_room.acquire_many(rows).await.map_err(boot::Problem::internal)?;
    let done = match upload.state {
        State::Checking => check_upload::check(svc, upload, worker).await,
        State::Issuing => issue_upload::issue_parts(svc, id, worker).await,
        State::Withdrawing => withdraw_upload::take_back(svc, &upload, worker).await,
        State::Checked | State::Scheduled | State::Issued | State::Withdrawn => Ok(()),
    };
    drop(room);
    let mut tx = svc.pg.begin().await?;
    store::upload::let_go(&mut tx, id, worker).await?;
    tx.commit().await?;
    done
}

/// The upload, locked, if `worker` may work on it. Each part that is put away renews the lease.
///
/// # Errors
/// As any write.
pub async fn hold(svc: &Invoicing, tx: &mut Tx, id: UploadId, worker: Uuid) -> Result<Option<Upload>, Error> {
    let now = svc.ctx.clock.now();
    store::upload::lease(tx, id, Lease { worker, now, until: now + LEASE }).await
}
