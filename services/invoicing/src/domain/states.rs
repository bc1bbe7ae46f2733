//! The graphs of states, drawn from the code.

use super::{invoice, invoice_draft, upload};

/// The states of `noun` as a graph in dot; none if it has no states here.
pub fn states_dot(noun: &str) -> Option<String> {
    let graphs = [
        ("invoice", invoice::arrows()),
        ("invoice_draft", invoice_draft::arrows()),
        ("upload", upload::arrows()),
    ];
    graphs.into_iter().find(|(name, _)| *name == noun).map(|(name, arrows)| dot(name, &arrows))
}

fn dot(noun: &str, arrows: &[(&str, &str, &str)]) -> String {
    let lines: Vec<String> = arrows
        .iter()
        .map(|(from, to, command)| format!("  {from} -> {to} [label=\"{command}\"];\n"))
        .collect();
    format!("digraph {noun} {{\n{}}}\n", lines.concat())
}
