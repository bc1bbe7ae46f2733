//! `mizan`: one binary. `mizan <service>` runs a service, `mizan all` every service in one process, and the other
//! commands are what operators, auditors and developers use. `mizan --help` is the manual.
mod cli;
mod commands;
mod services;

use std::process::ExitCode;

use clap::Parser as _;

/// A payment allocates some hundreds of small things, and frees them in another thread than it made them in. That costs glibc's
/// allocator a tenth of both cores at the posting engine's busiest; docs/performance.md has the figures.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    boot::install_tls();
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return wrong_settings(&error),
    };
    // Two at least: the exporter of spans waits on one while it shuts down.
    let workers = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(cli::dispatch(cli)),
        Err(error) => commands::end_with(&boot::StartError::bug(error)),
    }
}

/// What clap has to say: help ends well, a wrong setting with the code of settings.
fn wrong_settings(error: &clap::Error) -> ExitCode {
    // Nobody reads: nothing to do about it.
    error.print().ok();
    if error.use_stderr() {
        ExitCode::from(boot::StartError::setting("", "", "").exit_code())
    } else {
        ExitCode::SUCCESS
    }
}
