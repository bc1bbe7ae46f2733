//! What was found, for people and for machines.
use std::fmt;

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// It does not do what it must.
    Wrong,
}

/// What one look told.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    level: Level,
    said: String,
    /// What helps; empty when nothing is needed.
    #[serde(rename = "do", skip_serializing_if = "String::is_empty")]
    todo: String,
}

impl Finding {
    /// All is as it should be.
    pub fn ok(said: impl Into<String>) -> Finding {
        Finding { level: Level::Ok, said: said.into(), todo: String::new() }
    }

    /// Somebody should look.
    pub fn warn(said: impl Into<String>, todo: impl Into<String>) -> Finding {
        Finding { level: Level::Warn, said: said.into(), todo: todo.into() }
    }

    /// It must be mended.
    pub fn wrong(said: impl Into<String>, todo: impl Into<String>) -> Finding {
        Finding { level: Level::Wrong, said: said.into(), todo: todo.into() }
    }

    /// A start error says what, where and what to do in one line.
    pub fn refused(error: &boot::StartError) -> Finding {
        match error {
            boot::StartError::Setting { name, what, todo } => {
                Finding::wrong(what.clone(), format!("{todo} ({name})"))
            }
            boot::StartError::Dependency { setting, source, .. } => {
                Finding::wrong(boot::start_error::chain(source.as_ref()), format!("check {setting}"))
            }
            boot::StartError::Bug { source } => Finding::wrong(
                boot::start_error::chain(source.as_ref()),
                "tell us: this is a mistake of ours",
            ),
        }
    }
}

#[derive(Debug, Serialize)]
struct Line {
    of: String,
    what: &'static str,
    #[serde(flatten)]
    finding: Finding,
}

/// All findings.
#[derive(Debug, Serialize)]
pub struct Report {
    findings: Vec<Line>,
    passed: usize,
    warned: usize,
    failed: usize,
}

impl Report {
    /// Of what was looked at, what about it, and what was found.
    pub fn of(findings: Vec<(String, &'static str, Finding)>) -> Report {
        let lines = findings.into_iter().map(|(of, what, finding)| Line { of, what, finding });
        let findings: Vec<Line> = lines.collect();
        let count = |level| findings.iter().filter(|line| line.finding.level == level).count();
        let (passed, warned, failed) = (count(Level::Ok), count(Level::Warn), count(Level::Wrong));
        Report { findings, passed, warned, failed }
    }

    /// Whether something is wrong.
    pub fn fails(&self) -> bool {
        self.failed > 0
    }

    /// For machines.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report of texts and numbers is JSON")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.findings.iter().map(|line| line.of.chars().count()).max().unwrap_or_default();
        for Line { of, what, finding } in &self.findings {
            let level = match finding.level {
                Level::Ok => "ok",
                Level::Warn => "warn",
                Level::Wrong => "wrong",
            };
            let said = finding.said.split_whitespace().collect::<Vec<_>>().join(" ");
            writeln!(f, "{level:<6} {of:<width$}  {what:<12} {said}")?;
            if !finding.todo.is_empty() {
                writeln!(f, "{:<6} {:<width$}  {:<12} do: {}", "", "", "", finding.todo)?;
            }
        }
        write!(f, "{} passed, {} to look at, {} failed", self.passed, self.warned, self.failed)
    }
}
