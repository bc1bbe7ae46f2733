//! A process that cannot start says so in one line that names what is missing and the setting, and ends with a code.
#![expect(clippy::expect_used, reason = "a broken run is a failed test")]

use std::process::{Command, Output};

const WITH_DATABASE: [&str; 8] = [
    "sandbox",
    "catalogue",
    "identity",
    "invoicing",
    "payments",
    "wallet-adapter",
    "kiosk-relay",
    "notifications",
];

fn mizan(service: &str, settings: &[(String, String)]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    Command::new(env!("CARGO_BIN_EXE_mizan"))
        .arg(service)
        .current_dir(folder.path())
        .envs(settings.iter().cloned())
        .output()
        .expect("the binary runs")
}

fn setting(service: &str, name: &str) -> String {
    format!("MIZAN_{}_{name}", service.to_uppercase().replace('-', "_"))
}

/// A port where nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").to_string()
}

#[test]
fn a_database_that_is_away_is_named_with_its_setting() {
    for service in WITH_DATABASE {
        let name = setting(service, "DATABASE_URL");
        let key = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(key.path(), [7; 32]).expect("a key");
        let settings = [
            (name.clone(), format!("postgres://postgres@{}/nothing", nobody())),
            (setting(service, "MASTER_KEY_FILE"), key.path().display().to_string()),
        ];
        let ended = mizan(service, &settings);
        let said = String::from_utf8_lossy(&ended.stderr);
        let line = said.lines().last().unwrap_or_default();
        assert_eq!(ended.status.code(), Some(69), "{service}: {said}");
        assert!(line.contains("Postgres") && line.contains(&name), "{service}: {line}");
    }
}

#[test]
fn a_setting_that_cannot_be_read_is_named() {
    for service in ["gateway", "portal", "payments"] {
        let name = setting(service, "HEALTH_ADDR");
        let ended = mizan(service, &[(name, "here".to_owned())]);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(64), "{service}: {said}");
        assert!(said.contains("health-addr") && said.contains("here"), "{service}: {said}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let name = setting("gateway", "HTTP_ADDR");
    let ended = mizan("gateway", &[(name.clone(), address.clone())]);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(64), "{said}");
    assert!(said.contains(&name) && said.contains(&address), "{said}");
}
