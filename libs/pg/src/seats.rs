//! Connections at hand: those on which the last transaction ended well.
//!
//! Nothing is open on them, so the next transaction begins at once. The pool would ask each twice when it comes back: for a
//! transaction of one statement as many round trips as the transaction itself. They go back there all the same when they have been
//! out for long or lie unused, so that the pool closes those that are old or too many.
//!
//! There are as many permits as the pool may have connections, and each connection that is neither at hand nor in the pool has one.
//! So somebody who finds none at hand does not wait at the pool for what others have.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use boot::Clock;
use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Who waits longer for a free connection is turned away, before callers pile up.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that has been out of the pool, or lies unused, for longer goes back to it.
const AT_HAND: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct Seats {
    permits: Arc<Semaphore>,
    /// The one used last is at the back.
    at_hand: Mutex<VecDeque<One>>,
    clock: Clock,
}

/// A connection that somebody has. Dropped, it goes back to the pool, which looks what was left open on it.
#[derive(Debug)]
pub(crate) struct Held {
    one: One,
    seats: Arc<Seats>,
}

#[derive(Debug)]
struct One {
    conn: PoolConnection<Postgres>,
    out_since: Duration,
    unused_since: Duration,
    /// Only while somebody has it.
    permit: Option<OwnedSemaphorePermit>,
}

impl Seats {
    /// For a pool of `max_connections`.
    pub(crate) fn new(max_connections: u32, clock: Clock) -> Seats {
        let permits = usize::try_from(max_connections).unwrap_or(Semaphore::MAX_PERMITS);
        Seats { permits: Arc::new(Semaphore::new(permits)), at_hand: Mutex::default(), clock }
    }

    /// The connection that was used last, or one of the pool.
    pub(crate) async fn take(self: &Arc<Seats>, pool: &PgPool) -> Result<Held, sqlx::Error> {
        let taken = timeout(ACQUIRE_TIMEOUT, async {
            let permit = self.permits.clone().acquire_owned().await;
            let permit = permit.map_err(|_closed| sqlx::Error::PoolClosed)?;
            let at_hand = self.at_hand().pop_back();
            let mut one = match at_hand {
                Some(one) => one,
                None => One::out(pool.acquire().await?, self.clock.monotonic()),
            };
            one.permit = Some(permit);
            Ok(Held { one, seats: self.clone() })
        });
        taken.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// Closes all that are at hand. The pool would wait for the answer of each.
    pub(crate) fn clear(&self) {
        let all = mem::take(&mut *self.at_hand());
        for mut one in all {
            one.conn.close_on_drop();
        }
    }

    /// As [`Seats::clear`], and nobody gets one any more.
    pub(crate) fn close(&self) {
        self.permits.close();
        self.clear();
    }

    fn at_hand(&self) -> MutexGuard<'_, VecDeque<One>> {
        self.at_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Its transaction has ended, and Postgres has said so: it is at hand for the next one.
    pub(crate) fn keep(self) {
        let Held { mut one, seats } = self;
        let now = seats.clock.monotonic();
        let long_ago = |since: Duration| now.saturating_sub(since) > AT_HAND;
        let mut at_hand = seats.at_hand();
        let unused = at_hand.pop_front_if(|one| long_ago(one.unused_since));
        if long_ago(one.out_since) || seats.permits.is_closed() {
            drop(at_hand);
        } else {
            let permit = one.permit.take();
            one.unused_since = now;
            at_hand.push_back(one);
            drop(at_hand);
            // Last: who waits for it finds the connection.
            drop(permit);
        }
        drop(unused);
    }

    /// It is of no use any more.
    pub(crate) fn close(mut self) {
        self.one.permit = None;
        self.one.conn.close_on_drop();
    }

    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        &mut self.one.conn
    }
}

impl One {
    fn out(conn: PoolConnection<Postgres>, now: Duration) -> One {
        One { conn, out_since: now, unused_since: now, permit: None }
    }
}

impl Drop for One {
    /// Its permit stays with it until the pool has looked: a statement may run on it for long.
    #[expect(clippy::disallowed_methods, reason = "bounded by the look's time-outs")]
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            let back = self.conn.return_to_pool();
            tokio::spawn(async move {
                back.await;
                drop(permit);
            });
        }
    }
}
