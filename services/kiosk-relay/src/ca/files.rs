//! Files that are made once and then only read.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use boot::BoxError;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only this user.
    Secret,
    /// Everybody.
    Public,
}

/// What stands in the file; made, whole or not at all, if it is not there. A second maker's text is given up.
pub fn kept(
    path: &Path,
    make: impl FnOnce() -> Result<String, BoxError>,
    kind: Kind,
) -> Result<String, BoxError> {
    match std::fs::read_to_string(path) {
        Ok(text) => return Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let text = make()?;
    let mode = match kind {
        Kind::Secret => 0o600,
        Kind::Public => 0o644,
    };
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.into()),
    }
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(std::fs::read_to_string(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.key");
        assert_eq!(kept(&path, || Ok("first".into()), Kind::Secret).unwrap(), "first");
        assert_eq!(kept(&path, || Ok("second".into()), Kind::Secret).unwrap(), "first");
        let names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["x.key"]);
    }
}
