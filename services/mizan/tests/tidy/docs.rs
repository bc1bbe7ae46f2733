//! What the documents say is what the code does.
use std::collections::BTreeSet;
use std::process::Command;

use crate::tree::{files, has_ending, none, text};

fn mizan(args: &[&str]) -> (bool, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_mizan")).args(args).output().expect("the binary runs");
    (ran.status.success(), String::from_utf8_lossy(&ran.stdout).into_owned())
}

/// Lines of fenced blocks and inline code of a Markdown file.
fn commands(markdown: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut fenced = false;
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            found.insert(line.trim().trim_start_matches("$ ").to_owned());
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

fn markdown_files() -> impl Iterator<Item = String> {
    files()
        .into_iter()
        .filter(|name| name.ends_with("README.md") || (name.starts_with("docs/") && has_ending(name, "md")))
}

#[test]
fn make_targets_named_in_documents_exist() {
    let makefile = text("Makefile");
    let mut missing = Vec::new();
    for name in markdown_files() {
        for command in commands(&text(&name)) {
            if let Some(target) =
                command.strip_prefix("make ").and_then(|rest| rest.split_whitespace().next())
                && !makefile.lines().any(|line| line.starts_with(&format!("{target}:")))
            {
                missing.push(format!("{name}: make {target}"));
            }
        }
    }
    none("each make target in a document exists", &missing);
}

#[test]
fn mizan_commands_named_in_documents_exist() {
    let mut missing = Vec::new();
    for name in markdown_files() {
        for command in commands(&text(&name)) {
            let Some(rest) = command.strip_prefix("mizan ") else { continue };
            let plain = |word: &&str| {
                word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-')
            };
            let words: Vec<_> = rest.split_whitespace().take_while(plain).collect();
            // A trailing word may be an argument (`mizan states refund`): the longest prefix that is a command counts.
            let known = (1..=words.len()).rev().any(|upto| {
                let mut args: Vec<_> = words.iter().copied().take(upto).collect();
                args.push("--help");
                mizan(&args).0
            });
            if !words.is_empty() && !known {
                missing.push(format!("{name}: mizan {}", words.join(" ")));
            }
        }
    }
    none("each mizan command in a document exists", &missing);
}

#[test]
fn state_graphs_in_readmes_are_those_of_the_code() {
    let mut stale = Vec::new();
    let (_, listed) = mizan(&["states", "--list"]);
    assert!(listed.lines().count() >= 5, "mizan states --list names the nouns: {listed}");
    for line in listed.lines() {
        let (noun, service) = line.split_once(' ').expect("noun, service");
        let (_, graph) = mizan(&["states", noun]);
        if !text(&format!("services/{service}/README.md")).contains(graph.trim()) {
            stale.push(format!("services/{service}/README.md: paste `mizan states {noun}`"));
        }
    }
    none("the README holds the graph of the code", &stale);
}

#[test]
fn settings_are_documented_where_their_service_is() {
    let mut missing = Vec::new();
    let (_, listed) = mizan(&["config", "names"]);
    assert!(listed.lines().count() > 20, "mizan config names lists the settings: {listed}");
    for line in listed.lines() {
        let (service, setting) = line.split_once(' ').expect("service, setting");
        let page = if service == "all" {
            "docs/operations.md".to_owned()
        } else {
            format!("services/{service}/README.md")
        };
        if !text(&page).contains(setting) {
            missing.push(format!("{page}: {setting}"));
        }
    }
    none("each setting stands in its page", &missing);
}

#[test]
fn both_languages_say_the_same_things() {
    let keys = |name: &str| -> BTreeSet<String> {
        text(name)
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim().to_owned()))
            .collect()
    };
    let mut different = Vec::new();
    for english in files().into_iter().filter(|name| name.starts_with("locales/en/")) {
        let arabic = english.replace("locales/en/", "locales/ar/");
        let (en, ar) = (keys(&english), keys(&arabic));
        different.extend(en.symmetric_difference(&ar).map(|key| format!("{english}: {key}")));
    }
    none("a sentence stands in both languages", &different);
}

#[test]
fn the_bus_tables_are_the_same_everywhere() {
    let files = files();
    let ours: Vec<_> = files.iter().filter(|name| name.starts_with("libs/bus/migrations/")).collect();
    let users: Vec<_> = files
        .iter()
        .filter(|name| name.starts_with("services/"))
        .filter_map(|name| name.strip_suffix("0001_bus.sql"))
        .collect();
    assert!(!ours.is_empty() && !users.is_empty());
    let mut stale = Vec::new();
    for folder in users {
        for file in &ours {
            // A copy has the number that is next in its service.
            let Some((_, what)) = file.rsplit('/').next().and_then(|file| file.split_once('_')) else {
                continue;
            };
            let copied = files.iter().any(|name| {
                name.strip_prefix(folder)
                    .and_then(|name| name.split_once('_'))
                    .is_some_and(|(_, same)| same == what)
                    && text(name) == text(file)
            });
            if !copied {
                stale.push(format!("{folder}: {file}"));
            }
        }
    }
    none("copy libs/bus/migrations", &stale);
}

#[test]
fn every_service_has_its_page() {
    let missing: Vec<_> = files()
        .into_iter()
        .filter_map(|name| {
            name.strip_suffix("/Cargo.toml").filter(|dir| dir.starts_with("services/")).map(str::to_owned)
        })
        .filter(|dir| !files().contains(&format!("{dir}/README.md")))
        .collect();
    none("write its README.md", &missing);
}
