//! The bill page as a person sees it on a phone, by the system's Chromium.
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::{BILL, World, channels};

/// A page with its text and no error in it is larger than this.
const SMALLEST_BYTES: u64 = 15_000;
const QUIET: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

fn pictures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures")
}

/// The page at `url` as it stands after its scripts ran.
pub fn dump(chromium: &Path, url: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let ended = Command::new(chromium)
        .args(QUIET)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--virtual-time-budget=10000", "--dump-dom", url])
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

fn photograph(chromium: &Path, url: &str, width: u32, file: &Path) {
    let profile = tempfile::tempdir().unwrap();
    let ended = Command::new(chromium)
        .args(QUIET)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--window-size={width},1500"))
        .arg(format!("--screenshot={}", file.display()))
        .arg(url)
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn picture_of_the_bill_page_in_both_languages() {
    let Some(chromium) = testkit::tools::chromium() else {
        return println!("not tried: no Chromium on this machine (tools/install pages)");
    };
    let world = World::start(|facts| facts.channels = channels()).await;
    std::fs::create_dir_all(pictures()).unwrap();
    for lang in ["en", "ar"] {
        let kept = pictures().join(format!("bill-{lang}.png"));
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("bill.png");
        photograph(&chromium, &format!("{}/{lang}/bills/{BILL}", world.base), 500, &taken);
        assert!(taken.metadata().unwrap().len() > SMALLEST_BYTES, "{lang}: an empty page");
        // The committed pictures are renewed by `make pictures`, which removes them first.
        if !kept.exists() {
            std::fs::copy(&taken, &kept).unwrap();
        }
    }
}
