//! What is known of an upload, without its cells.

use ids::{AgencyId, UploadId};
use money::Money;
use time::{Date, OffsetDateTime};

use super::{Form, Reading, Source, State};
use crate::domain::fee_service::Seller;

/// Characters kept of a file's name.
const MAX_FILE_NAME_CHARS: usize = 200;

/// An upload: what was found in it and how far it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    pub id: UploadId,
    pub agency: AgencyId,
    pub file_name: String,
    pub sha256: [u8; 32],
    pub encoding: String,
    pub delimiter: String,
    /// Names of columns, as the clerk wrote them.
    pub headers: Vec<String>,
    pub rows: i32,
    /// Rows judged so far; all of them, once it is checked.
    pub judged: i32,
    pub valid: i32,
    /// Valid rows whose CPR got its leading zeros back.
    pub restored: i32,
    pub errors: i32,
    pub valid_total: Money,
    /// Where references stand, from 1.
    pub reference_column: i32,
    /// The agency as it was; invoices print it.
    pub seller: Seller,
    pub state: State,
    /// The day it is issued, when that is not the day it was confirmed.
    pub issue_on: Option<Date>,
    /// Invoices made of it.
    pub issued: i32,
    /// Invoices of it that were taken back.
    pub withdrawn: i32,
    pub created_at: OffsetDateTime,
}

impl Upload {
    /// How its file is read.
    pub fn source(&self) -> Option<Source> {
        let form = Form { delimiter: self.delimiter.chars().next(), headers: self.headers.clone() };
        if form.delimiter.is_none() {
            return Some(Source::Workbook);
        }
        Reading::named(&self.encoding).map(|reading| Source::Text { reading, form })
    }

    /// The upload after rows were judged, or lost what made them valid.
    ///
    /// # Errors
    /// The total leaves the range of money.
    pub fn counting(&self, found: Counts) -> Result<Upload, money::Error> {
        Ok(Upload {
            judged: self.judged + found.judged,
            valid: self.valid + found.valid,
            restored: self.restored + found.restored,
            errors: self.errors + found.errors,
            valid_total: self.valid_total.checked_add(found.valid_total)?,
            ..self.clone()
        })
    }
}

/// What changes in the counts of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub judged: i32,
    pub valid: i32,
    pub restored: i32,
    pub errors: i32,
    pub valid_total: Money,
}

/// The name of a file as it is kept: no folders, nothing invisible, not endless.
pub fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|c| !c.is_control()).take(MAX_FILE_NAME_CHARS).collect();
    let name = name.trim();
    if name.is_empty() { "upload".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_only_a_name() {
        assert_eq!(file_name("C:\\bills\\fines.csv"), "fines.csv");
        assert_eq!(file_name("../../etc/passwd\n"), "passwd");
        assert_eq!(file_name("مخالفات.csv"), "مخالفات.csv");
        assert_eq!(file_name(" / "), "upload");
    }
}
