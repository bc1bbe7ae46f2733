//! The pool: how a service comes to a transaction.

use std::{
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use boot::{Clock, Context, Redacted, ServerUrl, StartError};
use sqlx::{
    Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use crate::{
    Error, Seat, Tx, checks,
    error::{connection_lost, timed_out},
    seats::{ACQUIRE_TIMEOUT, Held, Seats},
    tx::{Begin, leave_nothing_open},
};

/// A server that does not take a connection by then is away.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Who comes back again and again does small things: one of its statements that takes longer has met a disk or a server that
/// is not well, and everybody behind it waits.
const AT_A_SEAT: Duration = Duration::from_secs(10);
/// A file with a password is looked at again after so long.
const LOOK_AT_PASSWORD: Duration = Duration::from_secs(10);

/// How a service uses Postgres.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections at most.
    pub max_connections: u32,
    /// Who we are, in `pg_stat_activity`.
    pub application_name: String,
    /// A statement that runs longer is cancelled, and its transaction rolled back.
    pub statement_timeout: Duration,
    /// A statement that waits longer for a row of another transaction gives up: [`Error::Held`].
    pub lock_timeout: Duration,
    /// A transaction that waits longer for its client is rolled back.
    pub idle_in_transaction_timeout: Duration,
    /// Accept a server that may forget commits (`fsync`, `synchronous_commit`). For the private servers of tests only.
    pub allow_unsafe: bool,
}

impl Options {
    /// The usual limits with `max_connections`.
    pub fn new(max_connections: u32) -> Options {
        Options {
            max_connections,
            application_name: "mizan".to_owned(),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(30),
            idle_in_transaction_timeout: Duration::from_mins(1),
            allow_unsafe: false,
        }
    }
}

/// A service's Postgres. Clones share the pool, which is out of everybody's reach.
#[derive(Clone, Debug)]
pub struct Pg {
    pool: PgPool,
    seats: Arc<Seats>,
    url: ServerUrl,
    setting: Arc<str>,
    begin: Begin,
    begin_at: Begin,
    read: Begin,
    forgettable: Begin,
    /// Milliseconds of `clock` at which a connection was found dead; 0: never.
    died_at_ms: Arc<AtomicU64>,
    clock: Clock,
}

impl Pg {
    /// Connects with [`Options::new`].
    ///
    /// # Errors
    /// As [`Pg::connect_with`].
    pub async fn connect(url: &str, setting: &str, max_connections: u32) -> Result<Pg, StartError> {
        Pg::connect_with(url, setting, &Options::new(max_connections)).await
    }

    /// Connects to `url`, which the setting `setting` holds, and checks that the server is one that keeps what it
    /// confirms: see [`checks`].
    ///
    /// # Errors
    /// The URL is none, the server does not answer, is too old, set up unsafely, or its clock is far from ours.
    pub async fn connect_with(url: &str, setting: &str, options: &Options) -> Result<Pg, StartError> {
        let url = ServerUrl::new(setting, url);
        let server = server(&url, setting)?.application_name(&options.application_name);
        let mut first = first_connection(&server, setting).await?;
        checks::run(&mut first, setting, options, &Clock::system()).await?;
        drop(first.close().await);

        let (clock, died_at_ms) = (Clock::system(), Arc::new(AtomicU64::new(0)));
        let pool = PgPoolOptions::new()
            .before_acquire({
                let (clock, died_at_ms) = (clock.clone(), died_at_ms.clone());
                move |_conn, kept| {
                    let died_at = died_at_ms.load(Ordering::Relaxed);
                    let since = clock.monotonic().saturating_sub(Duration::from_millis(died_at));
                    // Made before another died, and not used since: most likely dead too, and asking it would take its time.
                    let fresh = died_at == 0 || kept.age < since;
                    Box::pin(std::future::ready(Ok(fresh)))
                }
            })
            .max_connections(options.max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false) // BEGIN is the test, see `Pg::start`
            .after_release(|conn, _age| Box::pin(leave_nothing_open(conn)))
            .connect_lazy_with(server);
        let begin = |mode: &str, statement_timeout: Duration, more: &str| {
            // Per transaction rather than per session, so that a transaction-pooling proxy may stand between.
            let sql = format!(
                "BEGIN{mode}; SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}; \
                 SET LOCAL idle_in_transaction_session_timeout = {}{more}",
                statement_timeout.as_millis(),
                options.lock_timeout.as_millis(),
                options.idle_in_transaction_timeout.as_millis()
            );
            Begin { sql: sql.into(), statement_timeout }
        };
        let longest = options.statement_timeout;
        let one_plan = "; SET LOCAL plan_cache_mode = force_generic_plan";
        Ok(Pg {
            pool,
            seats: Arc::new(Seats::new(options.max_connections, clock.clone())),
            url,
            setting: setting.into(),
            begin: begin("", longest, ""),
            begin_at: begin("", longest.min(AT_A_SEAT), one_plan),
            read: begin(" READ ONLY", longest, ""),
            forgettable: begin("", longest, "; SET LOCAL synchronous_commit = off"),
            died_at_ms,
            clock,
        })
    }

    /// Opens a transaction. Dropping this future leaves none behind.
    ///
    /// # Errors
    /// Postgres is away, or no connection became free in time; see [`Error::is_unavailable`].
    pub async fn begin(&self) -> Result<Tx, Error> {
        self.start(&self.begin).await
    }

    /// Opens a transaction on the connection that the last one kept, if there is one and it still lives, so that others who want
    /// connections are never before this. Await this to its end: it is for tasks that nobody drops, and that come back often. Its
    /// statements keep one plan, whatever the length of their arrays: to make a plan anew costs more than most of them.
    ///
    /// # Errors
    /// As [`Pg::begin`].
    pub async fn begin_at(&self, seat: Option<Seat>) -> Result<Tx, Error> {
        let Some(Seat(held)) = seat else { return self.start(&self.begin_at).await };
        match Tx::open(held, self.begin_at.clone()).await {
            Err(error) if connection_lost(&error) => {
                self.one_died();
                self.start(&self.begin_at).await
            }
            done => Ok(done?),
        }
    }

    /// Opens a transaction that cannot write.
    ///
    /// # Errors
    /// As [`Pg::begin`].
    pub async fn read(&self) -> Result<Tx, Error> {
        self.start(&self.read).await
    }

    /// Opens a transaction that a crash of Postgres may forget although its COMMIT was answered: it does not wait for the disk. For
    /// notes on work that is then only done once more, never for what somebody was told.
    ///
    /// # Errors
    /// As [`Pg::begin`].
    pub async fn begin_forgettable(&self) -> Result<Tx, Error> {
        self.start(&self.forgettable).await
    }

    /// The number that `sql` selects in a transaction of its own that cannot write, on the connection that the last such call left:
    /// one round trip. For one thing that is asked all the time.
    ///
    /// # Errors
    /// As [`Pg::begin`]; `sql` selects no number.
    pub async fn number(&self, seat: Option<Seat>, sql: &'static str) -> Result<(Seat, i64), Error> {
        if let Some(seat) = seat {
            match seat.number(&format!("{}; {sql}; COMMIT", self.read.sql)).await {
                Err(error) if connection_lost(&error) => self.one_died(),
                done => return Ok(done?),
            }
        }
        let mut tx = self.read().await?;
        let number = sqlx::query_scalar(sql).fetch_one(tx.conn()).await?;
        Ok((tx.commit_and_keep().await?, number))
    }

    /// Connections that were made before now are not trusted any more.
    fn one_died(&self) {
        let now_ms = u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX);
        self.died_at_ms.store(now_ms.max(1), Ordering::Relaxed);
        self.seats.clear();
    }

    async fn start(&self, begin: &Begin) -> Result<Tx, Error> {
        // After a restart of Postgres every pooled connection may be dead, and the first after them is fresh.
        let mut dead = 0;
        loop {
            let held = Box::pin(self.seats.take(&self.pool)).await?; // boxed: callers' futures stay small
            match self.begun(held, begin.clone()).await {
                Err(error) if connection_lost(&error) && dead < self.pool.options().get_max_connections() => {
                    dead += 1;
                }
                done => return Ok(done?),
            }
        }
    }

    /// A cancelled BEGIN leaves an open transaction on a connection that goes back to the pool; the next borrower's writes
    /// would vanish with it. So BEGIN has its own task: if nobody waits for the answer any more, the finished transaction is
    /// dropped there, and rolled back; and a connection that died is known of all the same.
    #[expect(
        clippy::disallowed_methods,
        reason = "bounded by its own time-out, and the pool waits for its connection"
    )]
    async fn begun(&self, held: Held, begin: Begin) -> Result<Tx, sqlx::Error> {
        let pg = self.clone();
        let opened = tokio::spawn(async move {
            let opened = Tx::open(held, begin).await;
            if opened.as_ref().is_err_and(connection_lost) {
                pg.one_died();
            }
            opened
        });
        match opened.await {
            Ok(answer) => answer,
            Err(_gone) => Err(sqlx::Error::WorkerCrashed),
        }
    }

    /// Makes `ctx` not ready while Postgres does not answer. New connections use the password that its file holds by then.
    pub fn watch(&self, ctx: &Context) {
        if let Ok(Some(known)) = self.url.password() {
            ctx.tasks.spawn("database password", self.clone().follow_password(known, ctx.clone()));
        }
        let pg = self.clone();
        ctx.health.check("Postgres", move || {
            let pg = pg.clone();
            async move {
                let tx = pg.read().await.map_err(|error| boot::start_error::chain(&error))?;
                tx.rollback().await.map_err(|error| boot::start_error::chain(&error))
            }
        });
    }

    async fn follow_password(self, mut known: Redacted<String>, ctx: Context) {
        let stopping = ctx.tasks.stopping();
        loop {
            tokio::select! {
                () = ctx.clock.sleep(LOOK_AT_PASSWORD) => {}
                () = stopping.cancelled() => return,
            }
            match self.url.password() {
                Ok(Some(now)) if now.expose() != known.expose() => {
                    let server = self.pool.connect_options().as_ref().clone().password(now.expose());
                    self.pool.set_connect_options(server);
                    tracing::info!("new connections to Postgres use the new password");
                    known = now;
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the old password of Postgres stays in use"),
            }
        }
    }

    /// Closes the pool when the service has stopped; waits for open transactions.
    pub async fn close(&self) {
        self.seats.close();
        self.pool.close().await;
    }

    pub(crate) fn setting(&self) -> &str {
        &self.setting
    }
}

pub(crate) fn server(url: &ServerUrl, setting: &str) -> Result<PgConnectOptions, StartError> {
    // The parser's message does not repeat the URL, which may hold a password.
    let server = PgConnectOptions::from_str(url.url()).map_err(|error| {
        StartError::setting(
            setting,
            format!("is not a Postgres URL ({error})"),
            "write postgres://user@host:5432/database",
        )
    })?;
    Ok(match url.password()? {
        Some(password) => server.password(password.expose()),
        None => server,
    })
}

/// One connection outside the pool, whose error says what is wrong: the pool only says that it waited.
pub(crate) async fn first_connection(
    server: &PgConnectOptions,
    setting: &str,
) -> Result<PgConnection, StartError> {
    let connected = match timeout(CONNECT_TIMEOUT, PgConnection::connect_with(server)).await {
        Ok(connected) => connected,
        Err(_elapsed) => Err(timed_out("no answer in 5 s")),
    };
    connected.map_err(|error| StartError::dependency("Postgres", setting, error))
}
