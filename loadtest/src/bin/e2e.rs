//! `e2e`: the chart on the cluster of `KUBECONFIG`. `tools/e2e-k8s` brings the cluster and the images.
use std::process::ExitCode;

use clap::Parser;
use loadtest::{k8s, report::say};

#[derive(Parser)]
struct Cli {
    /// Chapters to run after the installation; all when none is named.
    chapters: Vec<String>,
    /// Only says which ports of the node it uses: who makes a cluster opens them.
    #[arg(long)]
    node_ports: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.node_ports {
        k8s::node_ports().for_each(|port| say(port.to_string()));
        return ExitCode::SUCCESS;
    }
    boot::install_tls();
    match k8s::run(&cli.chapters).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_failed) => ExitCode::FAILURE,
        Err(error) => {
            say(format!("e2e: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
