//! Finds the programs that `tools.toml` lists.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// The folder with `initdb` and `postgres` of the newest PostgreSQL here.
///
/// # Errors
/// None is installed, or none is recent enough; says what to run.
pub fn postgres_bin() -> anyhow::Result<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
    folders.extend(on_path("initdb").and_then(|initdb| initdb.parent().map(Path::to_path_buf)));
    let found = folders.into_iter().filter_map(|folder| Some((version(&folder.join("postgres"))?, folder)));
    newest("PostgreSQL", (15, 0), found)
}

/// `redis-server`.
///
/// # Errors
/// It is not installed, or too old; says what to run.
pub fn redis_server() -> anyhow::Result<PathBuf> {
    let found = on_path("redis-server").into_iter().filter_map(|path| Some((version(&path)?, path)));
    newest("Redis", (7, 0), found)
}

/// `nats-server`: the one of PATH when recent enough, else the one `tools/install` put into `.mizan/tools`.
///
/// # Errors
/// Neither is there, or both are too old; says what to run.
pub fn nats_server() -> anyhow::Result<PathBuf> {
    let ours = project_root().join(".mizan/tools/nats-server");
    let candidates = on_path("nats-server").into_iter().chain([ours]);
    let found = candidates.filter_map(|path| Some((version(&path)?, path)));
    newest("NATS server", (2, 12), found)
}

/// A Chromium that can take pictures of pages, if one is installed.
pub fn chromium() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(on_path)
}

/// A tool of poppler that reads PDF files: `pdftotext`, `pdfinfo`, …
///
/// # Panics
/// It is not installed.
pub fn poppler(tool: &str) -> PathBuf {
    on_path(tool).expect("poppler-utils is installed: run tools/install pages")
}

/// The root of the project this was compiled in.
pub fn project_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

type Version = (u32, u32);

fn newest(
    what: &str,
    at_least: Version,
    found: impl Iterator<Item = (Version, PathBuf)>,
) -> anyhow::Result<PathBuf> {
    let (major, minor) = at_least;
    let best = found
        .max_by_key(|(version, _)| *version)
        .with_context(|| format!("{what} is not installed; run tools/install"))?;
    if best.0 < at_least {
        bail!("{what} at {} is older than {major}.{minor}; run tools/install", best.1.display());
    }
    Ok(best.1)
}

pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn version(program: &Path) -> Option<Version> {
    let output = Command::new(program).arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// The first number in `text`, and the one after its dot (0 when there is none).
fn parse_version(text: &str) -> Option<Version> {
    let from = text.find(|c: char| c.is_ascii_digit())?;
    let mut numbers = text.get(from..)?.split(|c: char| !c.is_ascii_digit());
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or(0);
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn versions_are_read_from_what_each_server_prints() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some((15, 18)));
        assert_eq!(parse_version("Redis server v=7.0.15 sha=00000000:0"), Some((7, 0)));
        assert_eq!(parse_version("nats-server: v2.9.10"), Some((2, 9)));
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1"), Some((18, 0)));
        assert_eq!(parse_version("no number"), None);
    }
}
