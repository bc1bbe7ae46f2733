use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use testkit::{Addresses, wait_for};

use crate::processes_of;

fn testkit() -> Command {
    Command::new(env!("CARGO_BIN_EXE_testkit"))
}

/// Runs `testkit run -- sh -c <script>` with its temporary folders below `temp`.
fn run(temp: &Path, script: &str) -> std::process::Output {
    testkit().env("TMPDIR", temp).args(["run", "--", "sh", "-c", script]).output().unwrap()
}

#[test]
fn the_command_sees_the_servers_and_its_exit_code_is_returned() {
    let temp = tempfile::tempdir().unwrap();
    let output = run(temp.path(), "echo \"$MIZAN_TEST_SERVERS\"; exit 3");
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let addresses: Addresses = serde_json::from_slice(&output.stdout).unwrap();
    assert!(addresses.postgres.ip().is_loopback());

    assert!(std::net::TcpStream::connect(addresses.postgres).is_err());
    assert_eq!(processes_of(temp.path()), [""; 0]);
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0, "no temporary folder is left");
}

#[test]
fn a_command_that_does_not_exist_is_an_error_and_leaves_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let output =
        testkit().env("TMPDIR", temp.path()).args(["run", "--", "no-such-command"]).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
}

/// `kill -9`: nobody is left to tidy but the kernel and the janitor.
#[tokio::test]
async fn nothing_is_left_when_it_is_killed() {
    let temp = tempfile::tempdir().unwrap();
    let mut child = testkit()
        .env("TMPDIR", temp.path())
        .args(["run", "--", "sh", "-c", "echo started; exec sleep 600"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "started\n");
    assert!(processes_of(temp.path()).len() >= 3);

    child.kill().unwrap();
    child.wait().unwrap();
    wait_for("servers and folder are gone", Duration::from_secs(15), async || {
        let gone =
            processes_of(temp.path()).is_empty() && std::fs::read_dir(temp.path()).unwrap().count() == 0;
        gone.then_some(())
    })
    .await;
}

#[test]
fn serve_keeps_the_servers_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut child =
        testkit().arg("serve").arg("--dir").arg(folder.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let addresses: Addresses = serde_json::from_str(&line).unwrap();
    assert!(std::net::TcpStream::connect(addresses.nats).is_ok());
    let file: PathBuf = folder.path().join("servers.json");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), line.trim());

    assert!(Command::new("sh").args(["-c", &format!("kill {}", child.id())]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    assert_eq!(processes_of(folder.path()), [""; 0]);
    assert!(!file.exists());
    assert!(folder.path().join("postgres/PG_VERSION").exists());
}
