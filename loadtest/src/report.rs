//! The counted list.
use std::fmt::{Debug, Write as _};
use std::io::Write as _;

/// Prints one line to standard output.
pub fn say(line: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    // Whoever closed our output has no use for the rest.
    writeln!(out, "{}", line.as_ref()).ok();
}

/// Checks as they are made; the last line is `N passed, N failed`, and how many could not be made, if any.
#[derive(Debug, Default)]
pub struct Report {
    passed: u32,
    failed: u32,
    skipped: u32,
}

impl Report {
    /// A headline.
    pub fn chapter(&self, title: &str) {
        say(format!("\n{title}"));
    }

    /// Passes when both are equal.
    pub fn equal<T: PartialEq + Debug>(&mut self, what: &str, expected: &T, found: &T) {
        if expected == found {
            self.pass(what);
        } else {
            self.fail(what, &format!("expected {expected:?}, found {found:?}"));
        }
    }

    /// Passes when nothing was collected against it.
    pub fn nothing_wrong(&mut self, what: &str, wrong: &[String]) {
        if wrong.is_empty() {
            return self.pass(what);
        }
        let mut text = format!("{} of them:", wrong.len());
        for line in wrong.iter().take(5) {
            // Writing to a String cannot fail.
            write!(text, "\n         {line}").ok();
        }
        self.fail(what, &text);
    }

    /// Passes when the work ended well, and hands on what it gave.
    pub fn done<T>(&mut self, what: &str, result: anyhow::Result<T>) -> Option<T> {
        match result {
            Ok(value) => {
                self.pass(what);
                Some(value)
            }
            Err(error) => {
                self.fail(what, &format!("{error:#}"));
                None
            }
        }
    }

    /// Counts a check that cannot be made here, and says why.
    pub fn skip(&mut self, what: &str, why: &str) {
        self.skipped = self.skipped.saturating_add(1);
        say(format!("  skipped {what}\n         {why}"));
    }

    fn pass(&mut self, what: &str) {
        self.passed = self.passed.saturating_add(1);
        say(format!("  ok     {what}"));
    }

    fn fail(&mut self, what: &str, why: &str) {
        self.failed = self.failed.saturating_add(1);
        say(format!("  FAILED {what}\n         {why}"));
    }

    /// How many failed.
    pub fn failed(&self) -> u32 {
        self.failed
    }

    /// The last line.
    pub fn close(&self) {
        let skipped = match self.skipped {
            0 => String::new(),
            some => format!(", {some} skipped"),
        };
        say(format!("\n{} passed, {} failed{skipped}", self.passed, self.failed));
    }
}
