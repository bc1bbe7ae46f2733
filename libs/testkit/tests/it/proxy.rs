use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use testkit::FaultProxy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// Answers each byte with the same byte, and counts them.
struct Echo {
    address: SocketAddr,
    heard: Arc<AtomicU32>,
    _tasks: JoinSet<()>,
}

async fn echo() -> Echo {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    tasks.spawn({
        let heard = heard.clone();
        async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let heard = heard.clone();
                connections.spawn(async move {
                    while let Ok(byte) = stream.read_u8().await {
                        heard.fetch_add(1, Ordering::SeqCst);
                        if stream.write_u8(byte).await.is_err() {
                            break;
                        }
                    }
                });
            }
        }
    });
    Echo { address, heard, _tasks: tasks }
}

async fn say(stream: &mut TcpStream, byte: u8) -> io::Result<u8> {
    stream.write_u8(byte).await?;
    stream.read_u8().await
}

fn is_reset<T: std::fmt::Debug>(outcome: &io::Result<T>) -> bool {
    outcome.as_ref().is_err_and(|error| {
        matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
    })
}

#[tokio::test]
async fn without_faults_all_bytes_pass_and_an_end_is_an_end() {
    let (echo, proxy) = started().await;
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(say(&mut stream, 7).await.unwrap(), 7);
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(echo.heard.load(Ordering::SeqCst), 1);
}

async fn started() -> (Echo, FaultProxy) {
    let echo = echo().await;
    let proxy = FaultProxy::start(echo.address).await;
    (echo, proxy)
}

#[tokio::test]
async fn a_dropped_answer_was_asked_for_and_the_next_one_comes() {
    let (echo, proxy) = started().await;
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(say(&mut stream, 1).await.unwrap(), 1);

    proxy.drop_answers(1);
    assert!(is_reset(&say(&mut stream, 2).await));
    assert_eq!(echo.heard.load(Ordering::SeqCst), 2, "the request has gone through");
    assert_eq!(proxy.answers_dropped(), 1);

    let mut again = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(say(&mut again, 3).await.unwrap(), 3);
}

#[tokio::test]
async fn a_commit_whose_answer_is_dropped_has_happened() {
    let env = testkit::Env::without_tables("proxy").await;
    let proxy = FaultProxy::start(env.addresses.postgres).await;
    let url = proxy.url(&env.database_url);
    let pg = pg::Pg::connect(&url, "DATABASE_URL", 2).await.unwrap();
    let mut tx = pg.begin().await.unwrap();
    sqlx::raw_sql("CREATE TABLE note (body text)").execute(tx.conn()).await.unwrap();
    proxy.drop_answers(1);
    let outcome = tx.commit().await;
    assert!(matches!(outcome, Err(pg::Error::CommitUnknown(_))), "{outcome:?}");

    let mut tx = env.pg.begin().await.unwrap();
    let there: bool =
        sqlx::query_scalar("SELECT to_regclass('note') IS NOT NULL").fetch_one(tx.conn()).await.unwrap();
    assert!(there);
}

#[tokio::test]
async fn a_delay_is_waited_for_in_both_directions() {
    let (_echo, proxy) = started().await;
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    proxy.delay(50);
    let before = Instant::now();
    assert_eq!(say(&mut stream, 1).await.unwrap(), 1);
    assert!(before.elapsed() >= Duration::from_millis(100), "{:?}", before.elapsed());
}

#[tokio::test]
async fn a_cut_resets_old_and_new_connections_until_it_heals() {
    let (_echo, proxy) = started().await;
    let mut old = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(say(&mut old, 1).await.unwrap(), 1);
    proxy.cut();
    assert!(is_reset(&old.read_u8().await));
    let new = async { say(&mut TcpStream::connect(proxy.addr()).await?, 1).await };
    assert!(new.await.is_err());
    proxy.heal();
    let mut healed = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(say(&mut healed, 1).await.unwrap(), 1);
}

#[tokio::test]
async fn half_open_swallows_and_healing_resets_who_lost_bytes() {
    let (echo, proxy) = started().await;
    let mut old = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(say(&mut old, 1).await.unwrap(), 1);
    let mut quiet = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(say(&mut quiet, 2).await.unwrap(), 2);

    proxy.half_open();
    let mut new = TcpStream::connect(proxy.addr()).await.unwrap();
    for stream in [&mut old, &mut new] {
        assert!(timeout(Duration::from_millis(100), say(stream, 3)).await.is_err(), "no answer, no error");
    }
    assert_eq!(echo.heard.load(Ordering::SeqCst), 2);

    proxy.heal();
    assert!(is_reset(&old.read_u8().await));
    assert!(is_reset(&new.read_u8().await));
    assert_eq!(say(&mut quiet, 4).await.unwrap(), 4, "it lost nothing");
}

#[tokio::test]
async fn a_reset_comes_after_exactly_so_many_bytes() {
    let (_echo, proxy) = started().await;
    proxy.reset_after(3);
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    for byte in 1..=3 {
        assert_eq!(say(&mut stream, byte).await.unwrap(), byte);
    }
    assert!(is_reset(&stream.read_u8().await));
}

#[tokio::test]
async fn its_url_keeps_everything_but_host_and_port() {
    let (_echo, proxy) = started().await;
    let at = proxy.addr();
    assert_eq!(proxy.url("postgres://u:p@1.2.3.4:5/db?x=1"), format!("postgres://u:p@{at}/db?x=1"));
    assert_eq!(proxy.url("http://example.com"), format!("http://{at}"));
}
