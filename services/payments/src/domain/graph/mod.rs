//! State graphs, drawn by driving `step` over every pair of state and command: what is drawn is what the code does.

mod of_money_back;
mod of_paying;
mod samples;

use std::fmt::Write as _;

/// From, by what, to.
type Arrow = (&'static str, &'static str, &'static str);

/// What has a graph.
pub const NOUNS: [&str; 7] =
    ["payment", "attempt", "receivable", "refund", "dispute", "credit", "adjustment"];

/// The graph of a noun in dot; none for others than [`NOUNS`].
pub fn states_dot(noun: &str) -> Option<String> {
    let arrows = match noun {
        "payment" => of_paying::payments(),
        "attempt" => of_paying::attempts(),
        "receivable" => of_paying::receivables(),
        "refund" => of_money_back::refunds(),
        "dispute" => of_money_back::disputes(),
        "credit" => of_money_back::credits(),
        "adjustment" => of_money_back::adjustments(),
        _unknown => return None,
    };
    let mut dot = format!("digraph {noun} {{\n");
    for (from, by, to) in arrows {
        // Writing to a String cannot fail.
        writeln!(dot, "  {from} -> {to} [label=\"{by}\"];").ok();
    }
    dot.push_str("}\n");
    Some(dot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_holds_the_graphs_of_the_code() {
        let readme = include_str!("../../../README.md");
        for noun in NOUNS {
            let graph = states_dot(noun).unwrap();
            assert!(readme.contains(graph.trim()), "paste into README.md:\n{graph}");
        }
        assert_eq!(states_dot("invoice"), None);
    }

    #[test]
    fn an_end_without_money_is_left_by_late_money_or_another_attempt_and_money_never_vanishes() {
        for (from, by, to) in of_paying::payments() {
            let ended = ["failed", "expired", "cancelled"].contains(&from);
            let allowed = from == to || to == "late" || by == "retry" || (by == "fail" && to == "failed");
            assert!(!ended || allowed, "{from} {by} {to}");
            let paid = ["captured", "partially_refunded", "refunded", "late"];
            assert!(!paid.contains(&from) || paid.contains(&to), "{from} {by} {to}");
        }
    }

    #[test]
    fn only_a_definite_answer_leaves_unknown_for_an_end() {
        for (from, by, to) in of_paying::attempts() {
            let definite = ["paid", "declined", "expired", "reversed"].contains(&by);
            let is_end = !["submitting", "pending", "unknown", "authorised"].contains(&to);
            assert!(from != "unknown" || !is_end || definite, "{from} {by} {to}");
        }
    }
}
