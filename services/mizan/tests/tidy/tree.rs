//! The files of the checkout, as git knows them.
use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the crate lies in the workspace")
}

/// Paths, relative to the root, of every file that is tracked or would be.
pub fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    let names = String::from_utf8(listed.stdout).expect("file names are UTF-8");
    names.lines().filter(|name| root().join(name).is_file()).map(str::to_owned).collect()
}

/// The text of a file of the tree.
pub fn text(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).expect(name)
}

/// Does the name end in `.ending`?
pub fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}

/// All Rust sources with their text.
pub fn rust() -> Vec<(String, String)> {
    files()
        .into_iter()
        .filter(|name| has_ending(name, "rs"))
        .map(|name| (name.clone(), text(&name)))
        .collect()
}

/// Fails with every offender, one a line.
pub fn none(what_to_do: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{what_to_do}:\n  {}", offenders.join("\n  "));
}
