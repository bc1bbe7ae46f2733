//! Guards of an XLSX, before anything parses it: an archive of a few kilobytes can unpack to terabytes.

use std::io::{Cursor, Read as _, sink};

use zip::ZipArchive;

use super::Refusal;

/// Files inside; a workbook of many sheets has some dozens.
const MAX_ENTRIES: usize = 512;
/// Bytes of all files together, unpacked. A million rows need about 600 MB.
const MAX_UNPACKED: u64 = 1024 * 1024 * 1024;
/// How many times larger than the archive the content may be, once it is larger than [`SMALL`].
const MAX_RATIO: u64 = 150;
/// Content below this is harmless whatever its ratio.
const SMALL: u64 = 8 * 1024 * 1024;

/// Unpacks every entry into nothing and counts: sizes that an archive states may be lies.
///
/// # Errors
/// `ArchiveSuspicious`; `TypeUnknown` when it is an archive of something else.
pub fn check(bytes: &[u8]) -> Result<(), Refusal> {
    let suspicious = |why| Refusal::ArchiveSuspicious { why };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok().ok_or(suspicious("damaged"))?;
    if archive.len() > MAX_ENTRIES {
        return Err(suspicious("too many files inside"));
    }
    if let Some(looks_like) = other_kind(&archive) {
        return Err(Refusal::TypeUnknown { looks_like });
    }
    let packed = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let limit = MAX_UNPACKED.min(packed.saturating_mul(MAX_RATIO).max(SMALL));
    let mut unpacked = 0_u64;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).ok().ok_or(suspicious("damaged, or with a password"))?;
        let left = limit.saturating_sub(unpacked).saturating_add(1);
        let size = std::io::copy(&mut entry.take(left), &mut sink()).ok().ok_or(suspicious("damaged"))?;
        unpacked = unpacked.saturating_add(size);
        if unpacked > limit {
            return Err(suspicious("unpacks to far more than a table of bills needs"));
        }
    }
    Ok(())
}

/// What the archive is, if not an XLSX.
fn other_kind(archive: &ZipArchive<Cursor<&[u8]>>) -> Option<&'static str> {
    let has = |name: &str| archive.index_for_name(name).is_some();
    if has("xl/workbook.xml") {
        None
    } else if has("xl/workbook.bin") {
        Some("a binary Excel workbook (.xlsb)")
    } else if has("word/document.xml") {
        Some("a Word document")
    } else if has("ppt/presentation.xml") {
        Some("a PowerPoint presentation")
    } else if has("mimetype") {
        Some("an OpenDocument file (.ods, .odt)")
    } else {
        Some("an archive (ZIP) of other files")
    }
}
