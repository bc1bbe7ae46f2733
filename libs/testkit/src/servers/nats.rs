use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;

use super::{Addresses, answers, start_on_free_port};
use crate::process::{PassesClosedFolders, Program, Server};
use crate::tools;

pub(super) fn start(folder: &Path) -> anyhow::Result<(SocketAddr, Server)> {
    let path = tools::nats_server()?;
    let config = folder.join("nats.conf");
    let prepare = |address| {
        std::fs::write(&config, settings(address, &folder.join("nats"))).context("writing nats.conf")?;
        Ok(Program {
            path: path.clone(),
            args: vec!["-c".into(), config.clone().into()],
            log: folder.join("nats.log"),
            stop: "INT",
            account: None,
            passes_closed_folders: PassesClosedFolders::No,
        })
    };
    start_on_free_port("NATS", prepare, |address, _| answers(address, b"", b"INFO {"))
}

fn settings(address: SocketAddr, store: &Path) -> String {
    let mut accounts = String::from("  everybody { jetstream: enabled, users: [ { user: everybody } ] }\n");
    for number in 0..Addresses::TEST_ACCOUNTS {
        writeln!(
            accounts,
            "  t{number} {{ jetstream: enabled, users: [ {{ user: t{number}, password: t{number} }} ] }}"
        )
        .expect("writing to a String cannot fail");
    }
    format!(
        "listen: \"{address}\"\n\
         server_name: mizan\n\
         jetstream {{ store_dir: \"{}\" }}\n\
         no_auth_user: everybody\n\
         accounts {{\n{accounts}}}\n",
        store.display()
    )
}
