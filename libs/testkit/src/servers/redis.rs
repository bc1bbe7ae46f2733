use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;

use super::{answers, start_on_free_port};
use crate::process::{PassesClosedFolders, Program, Server};
use crate::tools;

pub(super) fn start(folder: &Path) -> anyhow::Result<(SocketAddr, Server)> {
    let path = tools::redis_server()?;
    let config = folder.join("redis.conf");
    let prepare = |address: SocketAddr| {
        // Redis holds nothing of record, so nothing is written. Its title keeps our folder, by which the janitor knows it.
        let settings = format!(
            "bind {}\nport {}\ndir \"{}\"\ndatabases 256\nsave \"\"\nappendonly no\ndaemonize no\nset-proc-title no\n",
            address.ip(),
            address.port(),
            folder.display()
        );
        std::fs::write(&config, settings).context("writing redis.conf")?;
        Ok(Program {
            path: path.clone(),
            args: vec![config.clone().into()],
            log: folder.join("redis.log"),
            stop: "INT",
            account: None,
            passes_closed_folders: PassesClosedFolders::No,
        })
    };
    start_on_free_port("Redis", prepare, |address, _| answers(address, b"PING\r\n", b"+PONG"))
}
