//! A kiosk's own disk: what is written is there after a power cut.
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Appends a line; returns when it is on the disk.
pub fn append(path: &Path, line: &str) -> io::Result<()> {
    #[cfg(test)]
    power::needed()?;
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_data()
}

/// Replaces a file as a whole; returns when it is on the disk.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    #[cfg(test)]
    power::needed()?;
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(content)?;
    file.sync_data()?;
    fs::rename(&new, path)
}

/// The lines of a file that may not exist yet. A line that a power cut tore is not there, and is taken off the disk, so
/// that the next one begins on a line of its own.
pub fn lines(path: &Path) -> io::Result<Vec<String>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    if whole < text.len() {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(u64::try_from(whole).map_err(io::Error::other)?)?;
        file.sync_data()?;
    }
    Ok(text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::to_owned).collect())
}

/// The content of a file that may not exist.
pub fn content(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A power cut before any write, for tests: each write uses up one of what is left.
#[cfg(test)]
pub mod power {
    use std::cell::Cell;
    use std::io;

    thread_local! {
        static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// Power for so many writes of this thread; none: for ever.
    pub fn lasts(writes: Option<u32>) {
        LEFT.set(writes);
    }

    pub(super) fn needed() -> io::Result<()> {
        match LEFT.get() {
            None => Ok(()),
            Some(0) => Err(io::Error::other("the power is gone")),
            Some(left) => {
                LEFT.set(Some(left - 1));
                Ok(())
            }
        }
    }
}
