//! What the sources may hold.
use crate::tree::{none, rust};

const LONGEST_FILE_LINES: usize = 500;

#[test]
fn files_stay_short() {
    let long: Vec<_> = rust()
        .into_iter()
        .filter(|(_, text)| text.lines().count() >= LONGEST_FILE_LINES)
        .map(|(name, text)| format!("{name}: {} lines", text.lines().count()))
        .collect();
    none("split each file before 500 lines, by subject", &long);
}

#[test]
fn clocks_and_randomness_are_handed_in() {
    // The two places that make them, and the tools of tests and load, which live in real time.
    let makers = ["libs/boot/", "libs/testkit/", "loadtest/"];
    let banned = [
        "SystemTime::now(",
        "Instant::now(",
        "now_utc(",
        "Uuid::now_v7(",
        "Uuid::new_v4(",
        "rand::rng(",
        "thread_rng(",
        "OsRng",
    ];
    let found: Vec<_> = lines_with(|name| !makers.iter().any(|maker| name.starts_with(maker)), &banned);
    none("take time and randomness from boot::Clock and boot::Ids", &found);
}

#[test]
fn domains_are_pure_and_total() {
    let in_domain = |name: &str| name.contains("/domain/");
    none(
        "write every pair of state and command by name in a domain",
        &lines_with(in_domain, &["_ =>", "_ if "]),
    );
    none(
        "a domain is synchronous and knows no database, wire or clock",
        &lines_with(
            in_domain,
            &["async ", ".await", "sqlx::", "tonic::", "boot::Clock", "Clock::", ": Clock"],
        ),
    );
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["TODO", "FIXME", "todo!(", "unimplemented!(", "for now"];
    let anywhere = |line: &str| words.iter().any(|word| line.contains(word));
    none("do it or delete it", &lines(|_| true, anywhere));
}

#[test]
fn tests_do_not_sleep() {
    let in_tests = |name: &str| name.contains("/tests/");
    none("wait for the fact: testkit::wait_for", &lines_with(in_tests, &["time::sleep(", "thread::sleep("]));
}

/// Lines of code, not of comments, that hold a banned word.
fn lines_with(wanted: impl Fn(&str) -> bool, banned: &[&str]) -> Vec<String> {
    lines(wanted, |line| !line.starts_with("//") && banned.iter().any(|word| line.contains(word)))
}

fn lines(wanted: impl Fn(&str) -> bool, offends: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in rust() {
        if name.ends_with("tidy/sources.rs") || !wanted(&name) {
            continue;
        }
        let numbered = text.lines().map(str::trim_start).enumerate();
        found.extend(
            numbered.filter(|(_, line)| offends(line)).map(|(at, line)| format!("{name}:{}: {line}", at + 1)),
        );
    }
    found
}
