//! State graphs, from the code.
use std::process::ExitCode;

use clap::Args;

use super::say;

/// The states of a noun as a graph in dot.
#[derive(Debug, Args)]
pub struct States {
    /// payment, attempt, receivable, invoice, device, …
    #[arg(required_unless_present = "list")]
    noun: Option<String>,
    /// The nouns, each with the service that owns it.
    #[arg(long)]
    list: bool,
}

/// Nouns and their owners.
const NOUNS: [(&str, &str); 14] = [
    ("fee_draft", "catalogue"),
    ("policy", "catalogue"),
    ("channel_exception", "catalogue"),
    ("payment", "payments"),
    ("attempt", "payments"),
    ("receivable", "payments"),
    ("refund", "payments"),
    ("dispute", "payments"),
    ("credit", "payments"),
    ("adjustment", "payments"),
    ("invoice", "invoicing"),
    ("upload", "invoicing"),
    ("device", "kiosk-relay"),
    ("delivery", "notifications"),
];

/// Prints a graph.
pub fn run(states: &States) -> ExitCode {
    if states.list {
        for (noun, service) in NOUNS {
            say(format!("{noun} {service}"));
        }
        return ExitCode::SUCCESS;
    }
    let noun = states.noun.as_deref().unwrap_or_default();
    let graph = payments::states_dot(noun)
        .or_else(|| catalogue::states_dot(noun))
        .or_else(|| invoicing::states_dot(noun))
        .or_else(|| kiosk_relay::states_dot(noun))
        .or_else(|| notifications::states_dot(noun));
    if let Some(graph) = graph {
        say(graph.trim_end());
        return ExitCode::SUCCESS;
    }
    super::end::<String, _>(Err(format!("no states of {noun}: `mizan states --list` names the nouns")))
}
