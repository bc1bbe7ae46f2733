//! Settings, checked and listed.
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Subcommand};

use super::say;
use crate::cli::Cli;
use crate::services::All;

/// Settings, checked and listed.
#[derive(Debug, Args)]
pub struct Config {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Reads the settings of every service and connects to nothing; a wrong one ends with its name and code 2.
    Check(Box<All>),
    /// Every setting, after the service that reads it.
    Names,
}

/// Runs a verb.
pub fn run(config: &Config) -> ExitCode {
    match &config.verb {
        Verb::Check(_) => say("the settings of all services can be read"),
        Verb::Names => names(),
    }
    ExitCode::SUCCESS
}

fn names() {
    let cli = Cli::command();
    let own = cli.get_arguments().filter_map(|arg| arg.get_env()).map(|name| ("all", name.to_owned()));
    let services = cli.get_subcommands().filter(|command| {
        let prefix = format!("MIZAN_{}_", command.get_name().to_uppercase().replace('-', "_"));
        command.get_name() != "all"
            && command
                .get_arguments()
                .filter_map(clap::Arg::get_env)
                .any(|env| env.to_string_lossy().starts_with(&prefix))
            && !["migrate", "ledger", "kiosk", "refund", "trace"].contains(&command.get_name())
    });
    let theirs = services.flat_map(|command| {
        let name = command.get_name();
        command.get_arguments().filter_map(|arg| arg.get_env()).map(move |env| (name, env.to_owned()))
    });
    for (service, name) in own.chain(theirs) {
        say(format!("{service} {}", name.to_string_lossy()));
    }
}
