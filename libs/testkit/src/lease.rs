//! A number that only one test holds at a time, over all test processes: its NATS account and its Redis database.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use anyhow::Context as _;
use sqlx::{Connection as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Addresses;

/// Holds the number until it is dropped, or its process is gone: Postgres keeps it as a lock of the connection.
#[derive(Debug)]
pub(crate) struct Lease {
    pub number: u16,
    _lock: PgConnection,
}

/// The advisory locks of leases, apart from those of templates.
const LEASES: i32 = 7_341;

impl Lease {
    /// Takes a free number and empties what its last holder left under it.
    pub(crate) async fn take(addresses: &Addresses, name: &str) -> anyhow::Result<Self> {
        let mut lock = PgConnection::connect(&addresses.database_url("postgres")).await?;
        let number = free_number(&mut lock, name).await?;
        empty_nats(&addresses.nats_url_of(number)).await.context("emptying the NATS account")?;
        empty_redis(addresses, number).await.context("emptying the Redis database")?;
        Ok(Self { number, _lock: lock })
    }

    /// Its Redis database. 0 is for those who do not ask.
    pub(crate) fn redis_database(number: u16) -> u16 {
        number + 1
    }
}

/// Looks from a place that depends on `name`, so that tests which start together rarely ask for the same number.
async fn free_number(lock: &mut PgConnection, name: &str) -> anyhow::Result<u16> {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let first = u16::try_from(hasher.finish() % u64::from(Addresses::TEST_ACCOUNTS)).unwrap_or_default();
    loop {
        for step in 0..Addresses::TEST_ACCOUNTS {
            let number = (first + step) % Addresses::TEST_ACCOUNTS;
            let taken: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)")
                .bind(LEASES)
                .bind(i32::from(number))
                .fetch_one(&mut *lock)
                .await?;
            if taken {
                return Ok(number);
            }
        }
        crate::wait::pause().await;
    }
}

/// Connects to `url` as the user in it, whom the client does not read from there by itself.
pub(crate) async fn nats(url: &str) -> anyhow::Result<async_nats::Client> {
    let server: async_nats::ServerAddr = url.parse()?;
    let (user, password) = (server.username().unwrap_or_default(), server.password().unwrap_or_default());
    let options = async_nats::ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned());
    Ok(options.connect(server).await?)
}

async fn empty_nats(url: &str) -> anyhow::Result<()> {
    use futures::TryStreamExt as _;
    let jetstream = async_nats::jetstream::new(nats(url).await?);
    let streams: Vec<String> = jetstream.stream_names().try_collect().await?;
    for stream in streams {
        jetstream.delete_stream(stream).await?;
    }
    Ok(())
}

async fn empty_redis(addresses: &Addresses, number: u16) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(addresses.redis).await?;
    let database = Lease::redis_database(number);
    stream.write_all(format!("SELECT {database}\r\nFLUSHDB\r\n").as_bytes()).await?;
    let mut answers = [0; 10];
    stream.read_exact(&mut answers).await?;
    anyhow::ensure!(&answers == b"+OK\r\n+OK\r\n", "Redis said {}", String::from_utf8_lossy(&answers));
    Ok(())
}
