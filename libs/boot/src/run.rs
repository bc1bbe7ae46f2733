//! From the process's start to its end.

use std::{process::ExitCode, time::Duration};

use tokio::signal::unix::{SignalKind, signal};

use crate::{Context, StartError};

/// Work that runs when the stop begins has this long to end.
const FINISH: Duration = Duration::from_secs(20);
/// The longest from the end of the drain to the end of the process. Who ends processes by force waits longer than the drain
/// and this.
pub const STOP_BUDGET: Duration = FINISH.saturating_add(crate::telemetry::SHUTDOWN);

/// Makes aws-lc-rs the process's TLS provider. First thing in `main`: with two providers and no choice the
/// first handshake panics.
pub fn install_tls() {
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        tracing::debug!("the TLS provider was installed before");
    }
}

/// Waits for SIGTERM or SIGINT.
///
/// # Errors
/// [`StartError::Bug`] when the system takes no handlers.
pub async fn shutdown_signal() -> Result<(), StartError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::bug)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::bug)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Runs services to their end and gives the process's exit code. On a signal: not ready at once, `drain`
/// later (time for endpoints to forget us) the stop, then what runs may finish. A [`StartError`] is one line
/// on stderr and code 64, 69 or 70; a worker that panicked is 70.
pub async fn run_service(
    ctx: &Context,
    drain: Duration,
    services: impl Future<Output = Result<(), StartError>>,
) -> ExitCode {
    let tasks = ctx.tasks.clone();
    let clock = ctx.clock.clone();
    tasks.spawn("signals", {
        let tasks = tasks.clone();
        async move {
            tokio::select! {
                signal = shutdown_signal() => if let Err(error) = signal { tracing::error!(%error, "no signals") },
                () = tasks.stopping().cancelled_owned() => return,
            }
            tracing::info!("asked to stop");
            tasks.drain();
            clock.sleep(drain).await;
            tasks.stop();
        }
    });
    let ended = services.await;
    let finished = tasks.finish(FINISH).await;
    if let Err(error) = ended {
        eprintln!("mizan {}: {error}", ctx.service);
        return ExitCode::from(error.exit_code());
    }
    if let Some(worker) = tasks.failed() {
        eprintln!("mizan {}: the worker `{worker}` panicked; the log says where", ctx.service);
        return ExitCode::from(70);
    }
    if !finished {
        tracing::warn!("some work was still running at the end of the grace period");
    }
    ExitCode::SUCCESS
}
