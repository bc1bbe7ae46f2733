//! Trying a transaction again.

use crate::Error;

/// An error that can tell whether its transaction may be tried again. A service's error enum answers for its `pg` part.
pub trait MayRetry {
    /// True only for [`Error::Retryable`]: rolled back for sure, because it met another transaction.
    fn is_retryable(&self) -> bool;
}

impl MayRetry for Error {
    fn is_retryable(&self) -> bool {
        matches!(self, Error::Retryable(_))
    }
}

/// How often a transaction is tried in all.
const TRIES: u32 = 5;

/// Runs a whole transaction, from its `begin` to its `commit`, again when Postgres rolled it back because it met another
/// one. `attempt` must have no effect but that transaction: never put a network call inside.
///
/// # Errors
/// The first error that may not be retried, or the fifth that may.
pub async fn retry<T, E, F>(mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    E: MayRetry,
    F: Future<Output = Result<T, E>>,
{
    let mut tries = 1;
    loop {
        match attempt().await {
            Err(error) if error.is_retryable() && tries < TRIES => {
                tries += 1;
                tokio::task::yield_now().await;
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    async fn tries_of(error: impl Fn() -> Error) -> u32 {
        let tries = Cell::new(0);
        let outcome: Result<(), Error> = retry(|| {
            tries.set(tries.get() + 1);
            async { Err(error()) }
        })
        .await;
        outcome.unwrap_err();
        tries.get()
    }

    #[tokio::test]
    async fn only_a_meeting_is_tried_again_and_at_most_five_times() {
        let source = || sqlx::Error::RowNotFound;
        assert_eq!(tries_of(move || Error::Retryable(source())).await, 5);
        assert_eq!(tries_of(move || Error::CommitUnknown(source())).await, 1);
        assert_eq!(tries_of(move || Error::Database(source())).await, 1);
        assert_eq!(tries_of(|| Error::Constraint { name: "x".into() }).await, 1);
    }

    #[tokio::test]
    async fn the_try_that_succeeds_is_the_answer() {
        let mut tries = 0;
        let outcome: Result<u32, Error> = retry(|| {
            tries += 1;
            let n = tries;
            async move { if n < 3 { Err(Error::Retryable(sqlx::Error::RowNotFound)) } else { Ok(n) } }
        })
        .await;
        assert_eq!(outcome.unwrap(), 3);
    }
}
