//! Children that end with us, also when we are killed.
//!
//! Two things see to it. The kernel signals each child when the thread that started it ends (`setpriv --pdeathsig`), so
//! all are started from one thread that lives as long as the process. And a janitor, a small shell whose input is a pipe
//! from us, sees the pipe close, waits for the children to be gone, and removes the folder if it was ours.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};

use anyhow::Context as _;

use crate::account::Account;

/// A server to start.
pub(crate) struct Program {
    pub path: PathBuf,
    pub args: Vec<OsString>,
    /// Where both its outputs go.
    pub log: PathBuf,
    /// What tells it to stop: a signal's name as `kill` takes it.
    pub stop: &'static str,
    /// Who runs it, when not we.
    pub account: Option<Account>,
    /// Lets the account walk through folders closed to it.
    pub passes_closed_folders: PassesClosedFolders,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PassesClosedFolders {
    Yes,
    No,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
    stop: &'static str,
}

impl Server {
    pub(crate) fn start(program: &Program) -> anyhow::Result<Self> {
        let log =
            File::create(&program.log).with_context(|| format!("creating {}", program.log.display()))?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", program.stop]);
        if let Some(account) = program.account {
            command.args(["--reuid", &account.uid.to_string(), "--regid", &account.gid.to_string()]);
            command.arg("--clear-groups");
            if program.passes_closed_folders == PassesClosedFolders::Yes {
                command.args(["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]);
            }
        }
        command.arg("--").arg(&program.path).args(&program.args);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // A group of its own: Ctrl-C on the terminal is for us to handle, in order.
        command.process_group(0);
        let child = spawn_from_parked_thread(command)
            .with_context(|| format!("starting {} through setpriv", program.path.display()))?;
        Ok(Self { child, log: program.log.clone(), stop: program.stop })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }

    /// Ends it now.
    pub(crate) fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// The last lines of its log, for an error message.
    pub(crate) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let from = lines.len().saturating_sub(6);
        lines.get(from..).unwrap_or_default().join("\n")
    }
}

/// Starts `command` so that it ends when this process does; its standard streams are as set on it.
pub(crate) fn spawn_from_parked_thread(command: Command) -> io::Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static SPAWNER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in inbox {
                answer.send(command.spawn()).ok();
            }
        });
        orders
    });
    let (answer, child) = mpsc::channel();
    spawner.send((command, answer)).map_err(io::Error::other)?;
    child.recv().map_err(io::Error::other)?
}

/// What becomes of a folder when its servers have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Afterwards {
    Keep,
    Remove,
}

/// Stops servers and tidies their folder when it is dropped, or when this process is gone.
#[derive(Debug)]
pub(crate) struct Janitor {
    shell: Child,
}

/// Arguments: folder, "remove" or "keep". Input: a process id and its signal a line; its end means that we are gone.
/// The command line is compared, so that a number used again by somebody else is left alone.
const JANITOR: &str = r#"
folder=$1
ours() { tr '\0' ' ' <"/proc/$1/cmdline" | grep -q -F -e "$folder"; }
all=
while read -r id signal; do all="$id:$signal $all"; done
for one in $all; do
  if ours "${one%:*}"; then kill -s "${one#*:}" "${one%:*}"; fi
done
for one in $all; do
  id=${one%:*} rounds=0
  while ours "$id"; do
    rounds=$((rounds + 1))
    if [ "$rounds" -gt 500 ]; then kill -s KILL "$id"; fi
    sleep 0.02
  done
done
if [ "$2" = remove ]; then rm -rf -- "$folder"; fi
"#;

impl Janitor {
    pub(crate) fn hire(folder: &Path, afterwards: Afterwards) -> anyhow::Result<Self> {
        let afterwards = match afterwards {
            Afterwards::Keep => "keep",
            Afterwards::Remove => "remove",
        };
        let shell = Command::new("sh")
            .args(["-c", JANITOR, "janitor"])
            .arg(folder)
            .arg(afterwards)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("starting sh")?;
        Ok(Self { shell })
    }

    pub(crate) fn looks_after(&mut self, server: &Server) -> anyhow::Result<()> {
        let input = self.shell.stdin.as_mut().context("the janitor has no input")?;
        writeln!(input, "{} {}", server.child.id(), server.stop).context("telling the janitor")
    }

    /// Stops everything it looks after, and returns when that is done.
    pub(crate) fn finish(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().ok();
    }
}
