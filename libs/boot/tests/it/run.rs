use std::{process::ExitCode, time::Duration};

use boot::StartError;

use crate::context;

#[tokio::test]
async fn a_start_error_gives_its_exit_code() {
    let error = StartError::dependency("Postgres", "MIZAN_PAYMENTS_DATABASE_URL", "refused");
    let code = boot::run_service(&context(), Duration::ZERO, async { Err(error) }).await;
    assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(69)));
}

#[tokio::test]
async fn a_worker_that_panics_ends_the_process_with_70() {
    let ctx = context();
    ctx.tasks.spawn("sweep", async { panic!("a bug") });
    let stopping = ctx.tasks.stopping();
    let code = boot::run_service(&ctx, Duration::ZERO, async move {
        stopping.cancelled().await;
        Ok(())
    });
    assert_eq!(format!("{:?}", code.await), format!("{:?}", ExitCode::from(70)));
}

#[tokio::test]
async fn sigterm_drains_then_stops() {
    let ctx = context();
    // From here on the process outlives the signal.
    let mut own = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
    let tasks = ctx.tasks.clone();
    let clock = ctx.clock.clone();
    let service = async move {
        let pid = std::process::id().to_string();
        loop {
            let sent = tokio::process::Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
            assert!(sent.success());
            own.recv().await;
            let heard =
                tokio::time::timeout(Duration::from_millis(50), tasks.draining().cancelled_owned()).await;
            if heard.is_ok() {
                break;
            }
        }
        assert!(!tasks.stopping().is_cancelled(), "endpoints get time to forget us");
        while !tasks.stopping().is_cancelled() {
            clock.advance(Duration::from_secs(5));
            tokio::task::yield_now().await;
        }
        Ok(())
    };
    let code = boot::run_service(&ctx, Duration::from_secs(5), service).await;
    assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
}
