//! Bug seeds stay what they say: `make bugs` runs them.
use std::process::Command;

use crate::tree::{files, has_ending, none, root, text};

#[test]
fn bug_seeds_apply_and_say_what_they_take_away() {
    let seeds: Vec<_> = files()
        .into_iter()
        .filter(|name| name.contains("/tests/seeds/") && has_ending(name, "patch"))
        .collect();
    assert!(!seeds.is_empty(), "a suite that catches no seed is not trusted");
    let says = |name: &str, word: &str| {
        text(name).lines().any(|line| line.starts_with(word) && line.len() > word.len())
    };
    let silent: Vec<_> =
        seeds.iter().filter(|name| !(says(name, "Rule: ") && says(name, "Caught by: "))).cloned().collect();
    none("say `Rule: …` and `Caught by: …` above the patch", &silent);
    let applies = |name: &&String| {
        let checked = Command::new("git").args(["apply", "--check", name]).current_dir(root()).output();
        checked.expect("git checks a patch").status.success()
    };
    let stale: Vec<_> = seeds.iter().filter(|name| !applies(name)).cloned().collect();
    none("make the seed again: the code it changes has changed", &stale);
}
