use std::time::Instant;

use testkit::{Durable, Servers};

use crate::processes_of;

#[test]
#[expect(clippy::disallowed_methods, reason = "how long a start takes is what is tested")]
fn a_first_start_takes_less_than_three_seconds_of_this_machine_alone_and_nothing_is_left() {
    let before = Instant::now();
    let servers = Servers::temporary().unwrap();
    let took = before.elapsed();
    println!("servers started in {took:?}");
    // Other builds and tests share the processors: the figure is printed, the bound only catches a hang.
    assert!(took.as_secs() < 15, "{took:?}");

    let folder = servers.folder().to_path_buf();
    assert!(folder.exists());
    assert!(processes_of(&folder).len() >= 3, "{:?}", processes_of(&folder));
    drop(servers);
    assert_eq!(processes_of(&folder), [""; 0]);
    assert!(!folder.exists());
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_restart_in_the_same_folder() {
    use sqlx::Connection as _;
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::start(folder.path(), Durable::Yes).unwrap();
    let url = servers.addresses().database_url("postgres");
    let mut conn = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE note (body text); INSERT INTO note VALUES ('kept')")
        .execute(&mut conn)
        .await
        .unwrap();
    drop((conn, servers));

    let servers = Servers::start(folder.path(), Durable::Yes).unwrap();
    let mut conn = sqlx::PgConnection::connect(&servers.addresses().database_url("postgres")).await.unwrap();
    let body: String = sqlx::query_scalar("SELECT body FROM note").fetch_one(&mut conn).await.unwrap();
    assert_eq!(body, "kept");
    assert!(folder.path().exists());
}

/// A folder that only we may enter, as `/root` is: Postgres runs there all the same.
#[test]
fn postgres_starts_below_a_closed_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let closed = tempfile::tempdir().unwrap();
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let servers = Servers::start(&closed.path().join("inside"), Durable::Yes).unwrap();
    assert_eq!(servers.process_ids().len(), 3);
}

#[test]
fn a_second_start_in_the_same_folder_says_that_postgres_already_runs_there() {
    let folder = tempfile::tempdir().unwrap();
    let first = Servers::start(folder.path(), Durable::Yes).unwrap();
    let error = Servers::start(folder.path(), Durable::Yes).unwrap_err();
    assert!(format!("{error:#}").contains("already exists"), "{error:#}");
    let at = std::net::TcpStream::connect(first.addresses().redis);
    assert!(at.is_ok(), "the first servers go on");
}
