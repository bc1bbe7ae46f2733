//! The short form of `make crash`: payments and Postgres are killed under load, and nothing is lost or doubled.
use std::path::Path;

use loadtest::crash::{self, Plan};
use tempfile::TempDir;

/// In memory where there is some: after a kill Postgres syncs all its files first, which takes a disk seconds.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_nothing_and_double_nothing() {
    boot::install_tls();
    let folder = folder();
    let plan = Plan { rounds: 5, seed: 20, clients: 32, folder: folder.path().to_path_buf() };
    let summary = crash::run(&plan).await.unwrap();
    assert_eq!(summary.first_offender, None, "{summary}");
    assert!(summary.acknowledged > 200, "hardly any load: {summary}");
    assert!(summary.repeated > 0, "no call was hit: {summary}");
}
