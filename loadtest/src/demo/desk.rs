//! The counter of an office: what is typed there.
use anyhow::bail;
use serde_json::Value;

use crate::stack::{Layout, mizan};

pub const CLERK: &str = "staff:clerk";
pub const OFFICER: &str = "staff:officer";

/// The commands of `mizan`.
#[derive(Debug)]
pub struct Desk {
    layout: Layout,
}

impl Desk {
    /// At the running platform.
    pub fn new(layout: &Layout) -> Desk {
        Desk { layout: layout.clone() }
    }

    /// What `mizan` prints.
    ///
    /// # Errors
    /// It refuses.
    pub fn mizan(&self, words: &[&str]) -> anyhow::Result<String> {
        Ok(mizan(&self.layout, words)?.trim().to_owned())
    }

    /// As [`Desk::mizan`]: the id with which the answer begins.
    ///
    /// # Errors
    /// It refuses.
    pub fn id(&self, words: &[&str]) -> anyhow::Result<String> {
        Ok(first_word(&self.mizan(words)?))
    }

    /// The code of `mizan`'s refusal, or what it did instead.
    pub fn refusal(&self, words: &[&str]) -> String {
        match self.mizan(words) {
            Ok(said) => format!("done: {said}"),
            Err(error) => {
                let error = error.to_string();
                let code = error.rsplit_once("mizan: ").and_then(|(_, words)| words.split_once(':'));
                code.map_or_else(|| error.clone(), |(code, _)| code.to_owned())
            }
        }
    }

    /// Looks with `words` until the answer holds `fact`.
    ///
    /// # Errors
    /// It does not in half a minute.
    pub async fn until(&self, words: &[&str], fact: &str) -> anyhow::Result<String> {
        for _ in 0..300 {
            let said = self.mizan(words)?;
            if said.contains(fact) {
                return Ok(said);
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        bail!("mizan {} does not say `{fact}`", words.join(" "))
    }

    /// Open cases of a bill; waits for the first.
    ///
    /// # Errors
    /// The books cannot be read.
    pub async fn cases(&self, bill_reference: &str) -> anyhow::Result<Vec<Value>> {
        for _ in 0..100 {
            let said: Value = serde_json::from_str(&self.mizan(&["ledger", "cases", "--json"])?)?;
            let all = said.as_array().cloned().unwrap_or_default();
            let ours: Vec<_> =
                all.into_iter().filter(|case| case["bill_reference"] == bill_reference).collect();
            if !ours.is_empty() {
                return Ok(ours);
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        Ok(Vec::new())
    }
}

/// An amount as it is typed.
pub fn dinars(fils: i64) -> String {
    money::Money::fils(fils).to_json_amount()
}

/// The id with which an answer of `mizan` begins.
fn first_word(said: &str) -> String {
    said.split_whitespace().next().unwrap_or_default().to_owned()
}
