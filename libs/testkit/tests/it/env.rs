use std::time::Duration;

use futures::StreamExt as _;
use sqlx::migrate::Migrator;
use testkit::{Env, wait_for};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

static MIGRATOR: Migrator = sqlx::migrate!("tests/it/migrations");

async fn notes(env: &Env) -> i64 {
    let mut tx = env.pg.begin().await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM note").fetch_one(tx.conn()).await.unwrap()
}

#[tokio::test]
async fn two_tests_see_nothing_of_each_other() {
    let (here, there) = tokio::join!(Env::start("notes", &MIGRATOR), Env::start("notes", &MIGRATOR));

    let mut tx = here.pg.begin().await.unwrap();
    sqlx::raw_sql("INSERT INTO note VALUES (1, 'here')").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((notes(&here).await, notes(&there).await), (1, 0));

    assert_ne!(here.nats_url, there.nats_url);
    let (mine, yours) = (here.nats().await, there.nats().await);
    let mut heard = yours.subscribe("mizan.>").await.unwrap();
    yours.flush().await.unwrap();
    mine.publish("mizan.notes.note.written", "here".into()).await.unwrap();
    mine.flush().await.unwrap();
    yours.publish("mizan.notes.note.written", "there".into()).await.unwrap();
    assert_eq!(heard.next().await.unwrap().payload, "there");

    assert_ne!(here.redis_url, there.redis_url);
}

#[tokio::test]
async fn a_number_is_empty_again_for_its_next_holder() {
    let first = Env::start("notes", &MIGRATOR).await;
    let (url, redis) = (first.nats_url.clone(), first.redis_url.clone());
    let jetstream = async_nats::jetstream::new(first.nats().await);
    let stream = async_nats::jetstream::stream::Config {
        name: "left".into(),
        subjects: vec!["left.>".into()],
        ..Default::default()
    };
    jetstream.create_stream(stream).await.unwrap();
    redis_says(&redis, "SET left 1\r\n", b"+OK").await;
    drop(first);

    // All numbers are taken in turn, until this one comes back.
    let mut held = Vec::new();
    let next = loop {
        let env = Env::start("notes", &MIGRATOR).await;
        if env.nats_url == url {
            break env;
        }
        held.push(env);
        assert!(held.len() < 64, "the number is free again");
    };
    let names: Vec<_> = jetstream.stream_names().collect().await;
    assert!(names.is_empty(), "{names:?}");
    redis_says(&next.redis_url, "EXISTS left\r\n", b":0").await;
}

async fn redis_says(url: &str, command: &str, expected: &[u8]) {
    let (address, database) = url.strip_prefix("redis://").unwrap().split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("SELECT {database}\r\n{command}").as_bytes()).await.unwrap();
    let mut answer = vec![0; 5 + expected.len()];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, [b"+OK\r\n", expected].concat());
}

#[tokio::test]
async fn the_database_goes_with_its_test() {
    let env = Env::start("notes", &MIGRATOR).await;
    let name = env.database_url.rsplit('/').next().unwrap().to_owned();
    let other = Env::without_tables("notes").await;
    drop(env);
    wait_for("the database is dropped", Duration::from_secs(20), async || {
        let mut tx = other.pg.begin().await.unwrap();
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(&name)
            .fetch_one(tx.conn())
            .await
            .unwrap();
        (!exists).then_some(())
    })
    .await;
}

#[tokio::test]
async fn work_of_a_test_is_told_to_stop_when_it_ends_and_the_clock_is_its_own() {
    let env = Env::start("notes", &MIGRATOR).await;
    let before = env.clock.now();
    env.clock.advance(Duration::from_secs(90));
    assert_eq!((env.ctx.clock.now() - before).whole_seconds(), 90);

    let stopping = env.ctx.tasks.stopping();
    drop(env);
    assert!(stopping.is_cancelled());
}
