//! Keys and certificates.
use std::path::{Path, PathBuf};

use boot::Clock;
use boot::seal::MasterKey;
use x509_parser::pem::Pem;

use super::Check;
use super::report::Finding;

/// From so many days before its end on, a certificate should have been replaced.
const SOON_DAYS: i64 = 14;

/// The key of a service's personal data.
pub fn master_key(service: &str, setting: String, path: PathBuf) -> Check {
    Check::new(service, "master key", async move {
        vec![match MasterKey::from_file(&setting, &path) {
            Ok(_key) => Finding::ok(format!("{} holds a key of 32 bytes", path.display())),
            Err(error) => Finding::refused(&error),
        }]
    })
}

/// The certificate by which this machine's services know each other.
pub fn certificates(folder: PathBuf) -> Check {
    Check::new("TLS", "certificate", async move { vec![certificate(&folder)] })
}

fn certificate(folder: &Path) -> Finding {
    if let Err(error) = boot::tls::Tls::open(folder, Vec::new(), Clock::system()) {
        return Finding::refused(&error);
    }
    let path = folder.join("tls.crt");
    let todo = "renew it (cert-manager: look at the Certificate's conditions); services take new files up by themselves";
    match valid(&path) {
        Err(why) => Finding::wrong(format!("{}: {why}", path.display()), todo),
        Ok((from, until)) => {
            let now = Clock::system().now().unix_timestamp();
            let left_days = until.saturating_sub(now) / 86_400;
            let said = format!("{} is good for {left_days} days", path.display());
            if now < from {
                Finding::wrong(format!("{} is not valid yet", path.display()), "set the clocks by NTP")
            } else if now >= until {
                Finding::wrong(format!("{} has ended", path.display()), todo)
            } else if left_days < SOON_DAYS {
                Finding::warn(said, todo)
            } else {
                Finding::ok(said)
            }
        }
    }
}

/// From when and until when the first certificate of a file is valid, in Unix seconds.
fn valid(path: &Path) -> Result<(i64, i64), String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    let pem = Pem::iter_from_buffer(&text).next().ok_or("holds no certificate")?;
    let pem = pem.map_err(|error| error.to_string())?;
    let certificate = pem.parse_x509().map_err(|error| error.to_string())?;
    let validity = certificate.validity();
    Ok((validity.not_before.timestamp(), validity.not_after.timestamp()))
}
