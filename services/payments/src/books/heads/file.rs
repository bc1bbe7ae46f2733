//! The folder of heads: one file a day, never replaced.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use time::{Date, macros::format_description};

use super::head::Head;
use crate::books::{BooksError, error::refused, text};

/// Heads by date, and what is wrong with the first file that is none.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub heads: Vec<Head>,
    pub first_bad: Option<String>,
}

/// Reads all heads of a folder; other files do not count.
///
/// # Errors
/// The folder or a file of it cannot be read.
pub fn read_all(dir: &Path) -> Result<Found, BooksError> {
    let mut files: Vec<(Date, PathBuf)> = Vec::new();
    for entry in fs::read_dir(dir).map_err(BooksError::file(dir))? {
        let path = entry.map_err(BooksError::file(dir))?.path();
        files.extend(named(&path).map(|date| (date, path)));
    }
    files.sort();
    let mut found = Found::default();
    for (date, path) in files {
        let bytes = fs::read(&path).map_err(BooksError::file(&path))?;
        let head = String::from_utf8(bytes).map_err(|error| error.to_string());
        let head = head.and_then(|text| text::read::<Head>(&text)).and_then(|head| {
            if head.date == date { Ok(head) } else { Err(format!("it says that it is of {}", head.date)) }
        });
        match head {
            Ok(head) => found.heads.push(head),
            Err(why) if found.first_bad.is_none() => {
                found.first_bad = Some(format!("head {date}: {}: {why}", path.display()));
            }
            Err(_later) => {}
        }
    }
    Ok(found)
}

fn named(path: &Path) -> Option<Date> {
    let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
    Date::parse(name, format_description!("[year]-[month]-[day]")).ok()
}

/// Writes a head, whole or not at all, unless there is one of its day.
///
/// # Errors
/// There is one, or it cannot be written.
pub fn write(dir: &Path, head: &Head) -> Result<PathBuf, BooksError> {
    let path = dir.join(format!("{}.json", head.date));
    let draft = dir.join(format!(".{}.{}", head.date, std::process::id()));
    let written = File::create(&draft).and_then(|mut file| {
        file.write_all(text::write(head).as_bytes())?;
        file.sync_all()
    });
    written.map_err(BooksError::file(&draft))?;
    // A link, unlike a rename, replaces nothing.
    let linked = fs::hard_link(&draft, &path);
    fs::remove_file(&draft).map_err(BooksError::file(&draft))?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            refused(format!("{}: somebody has signed this day meanwhile", path.display()))
        }
        linked => {
            linked.and_then(|()| File::open(dir)?.sync_all()).map_err(BooksError::file(&path))?;
            Ok(path)
        }
    }
}
