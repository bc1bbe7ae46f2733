use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::{Durable, start_on_free_port};
use crate::account::{self, Account};
use crate::process::{PassesClosedFolders, Program, Server};
use crate::tools;

/// Longer paths do not fit into the address of a Unix socket; TCP is there anyhow.
const LONGEST_SOCKET_FOLDER: usize = 80;

pub(super) fn start(folder: &Path, durable: Durable) -> anyhow::Result<(SocketAddr, Server)> {
    let place = Place::find(folder)?;
    if !place.data.join("PG_VERSION").exists() {
        place.make_cluster()?;
    }
    let config = place.data.join("postgresql.conf");
    let prepare = |address: SocketAddr| {
        std::fs::write(&config, place.settings(address)).context("writing postgresql.conf")?;
        let stop = match durable {
            Durable::Yes => "INT",
            Durable::No => "QUIT",
        };
        Ok(place.program("postgres", ["-D".into(), place.data.clone().into()], stop))
    };
    start_on_free_port("PostgreSQL", prepare, |_, id| place.is_ready(id))
}

/// Where a cluster is and who runs it.
struct Place {
    bin: PathBuf,
    folder: PathBuf,
    data: PathBuf,
    account: Option<Account>,
    passes_closed_folders: PassesClosedFolders,
}

impl Place {
    fn find(folder: &Path) -> anyhow::Result<Self> {
        let data = folder.join("postgres");
        let account = account::for_postgres()?;
        std::fs::create_dir_all(&data).with_context(|| format!("making {}", data.display()))?;
        if let Some(account) = account {
            chown(&data, Some(account.uid), Some(account.gid)).context("giving Postgres its folder")?;
        }
        let passes_closed_folders =
            if account::reachable_by_all(&data) { PassesClosedFolders::No } else { PassesClosedFolders::Yes };
        Ok(Self {
            bin: tools::postgres_bin()?,
            folder: folder.to_path_buf(),
            data,
            account,
            passes_closed_folders,
        })
    }

    fn program<const N: usize>(
        &self,
        name: &str,
        args: [std::ffi::OsString; N],
        stop: &'static str,
    ) -> Program {
        Program {
            path: self.bin.join(name),
            args: args.into(),
            log: self.folder.join(format!("{name}.log")),
            stop,
            account: self.account,
            passes_closed_folders: self.passes_closed_folders,
        }
    }

    fn make_cluster(&self) -> anyhow::Result<()> {
        let args = [
            "--pgdata".into(),
            self.data.clone().into(),
            "--username=postgres".into(),
            "--auth=trust".into(),
            "--encoding=UTF8".into(),
            // The same order of text on every machine.
            "--locale=C.UTF-8".into(),
            "--no-sync".into(),
            "--no-instructions".into(),
        ];
        let mut initdb = Server::start(&self.program("initdb", args, "INT"))?;
        if !initdb.wait()?.success() {
            bail!("initdb failed. Its last words:\n{}", initdb.last_words());
        }
        Ok(())
    }

    /// Safe settings (`fsync` stays on: services refuse to start without it), sized for a small machine. Plans as those of the chart:
    /// rows are found by an index, and tables that have grown are analysed soon.
    fn settings(&self, address: SocketAddr) -> String {
        let data = self.data.display().to_string();
        let socket_folder = if data.len() <= LONGEST_SOCKET_FOLDER { data } else { String::new() };
        format!(
            "listen_addresses = '{}'\n\
             port = {}\n\
             unix_socket_directories = '{socket_folder}'\n\
             max_connections = 400\n\
             shared_buffers = 64MB\n\
             max_wal_size = 512MB\n\
             timezone = 'UTC'\n\
             log_timezone = 'UTC'\n\
             jit = off\n\
             random_page_cost = 1.1\n\
             autovacuum_naptime = 5s\n",
            address.ip(),
            address.port()
        )
    }

    /// Whether the server with this process id takes connections. Postgres itself writes that here.
    fn is_ready(&self, id: u32) -> bool {
        let pid_file = std::fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        let mut lines = pid_file.lines();
        lines.next() == Some(id.to_string().as_str())
            && lines.nth(6).is_some_and(|status| status.trim() == "ready")
    }
}
