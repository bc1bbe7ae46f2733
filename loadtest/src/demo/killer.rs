//! `kill -9` of each service once, while the others work.
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinHandle;

use crate::report::Report;
use crate::stack::{Layout, SERVICES, Stack};

const BETWEEN_KILLS: Duration = Duration::from_millis(600);

/// Holds the stack while it hurts it.
#[derive(Debug)]
pub struct Killer {
    layout: Layout,
    work: JoinHandle<(Stack, Vec<String>, Vec<String>)>,
}

impl Killer {
    /// Begins at once.
    pub fn start(mut stack: Stack) -> Killer {
        let layout = stack.layout.clone();
        let work = tokio::spawn(async move {
            let (mut back, mut wrong) = (Vec::new(), Vec::new());
            // The outside world is not ours to kill.
            for name in SERVICES.into_iter().filter(|name| *name != "sandbox") {
                tokio::time::sleep(BETWEEN_KILLS).await;
                match stack.kill_and_restart(name).await {
                    Ok(took) => back.push(format!("{name} {} ms", took.as_millis())),
                    Err(error) => wrong.push(format!("{error:#}")),
                }
            }
            (stack, back, wrong)
        });
        Killer { layout, work }
    }

    /// Where everything listens.
    pub fn layout(&self) -> Layout {
        self.layout.clone()
    }

    /// Waits until each service was killed once, and gives the stack back.
    ///
    /// # Errors
    /// The killing itself broke.
    pub async fn finish(self, report: &mut Report) -> anyhow::Result<Stack> {
        let (stack, back, wrong) = self.work.await.context("the killer's task")?;
        let title = format!(
            "each of {} services was killed with -9 once and came back: {}",
            back.len(),
            back.join(", ")
        );
        report.nothing_wrong(&title, &wrong);
        Ok(stack)
    }
}
