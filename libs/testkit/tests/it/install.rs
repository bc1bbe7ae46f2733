use std::path::Path;
use std::process::{Command, Output};

fn install(args: &[&str], path: &Path) -> Output {
    // A copy in a folder of its own, so that the project's .mizan is not looked at.
    let project = tempfile::tempdir().unwrap();
    let root = testkit::tools::project_root();
    std::fs::create_dir(project.path().join("tools")).unwrap();
    std::fs::copy(root.join("tools.toml"), project.path().join("tools.toml")).unwrap();
    std::fs::copy(root.join("tools/install"), project.path().join("tools/install")).unwrap();
    let search = format!("{}:/usr/bin:/bin", path.display());
    Command::new(project.path().join("tools/install")).args(args).env("PATH", search).output().unwrap()
}

fn program(folder: &Path, name: &str, says: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_is_there_is_listed_with_its_version() {
    let path = tempfile::tempdir().unwrap();
    program(path.path(), "nats-server", "nats-server: v2.12.3");
    let output = install(&["--check", "servers"], path.path());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let names: Vec<&str> = words.iter().map(|line| line[0]).collect();
    assert_eq!(names, ["postgresql", "redis", "nats-server"]);
    assert!(text.contains("(2.12.3)"), "{text}");
}

#[test]
fn what_is_missing_or_too_old_is_told_with_the_command_and_code_69() {
    let path = tempfile::tempdir().unwrap();
    program(path.path(), "nats-server", "nats-server: v2.9.10");
    program(path.path(), "redis-server", "Redis server v=6.2.14 sha=0");
    let output = install(&["--check", "servers"], path.path());
    assert_eq!(output.status.code(), Some(69));
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(out.contains("too old: 2.9.10") && out.contains("too old: 6.2.14"), "{out}");
    assert!(err.contains("missing: redis nats-server"), "{err}");
    assert!(err.contains("apt-get install --no-install-recommends -y redis-server"), "{err}");
}

#[test]
fn a_download_that_is_not_the_pinned_file_is_refused_with_code_70() {
    let path = tempfile::tempdir().unwrap();
    // Stands for pip: whatever it is asked for, it writes another file.
    let pip = "case \"$*\" in *--version*) exit 0;; esac\n\
               while [ \"$1\" != --dest ]; do shift; done\n\
               for file in $(sed -n 's/.*_file = \"\\(.*\\)\"/\\1/p' \"$2/../../../tools.toml\"); do echo no > \"$2/$file\"; done";
    let python = path.path().join("python3");
    std::fs::write(&python, format!("#!/bin/sh\n{pip}\n")).unwrap();
    Command::new("chmod").arg("755").arg(&python).status().unwrap();
    let output = install(&["servers"], path.path());
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(70), "{err}");
    assert!(err.contains("nothing was installed"), "{err}");
}

#[test]
fn an_unknown_word_is_refused() {
    let path = tempfile::tempdir().unwrap();
    assert_eq!(install(&["everything"], path.path()).status.code(), Some(64));
}
