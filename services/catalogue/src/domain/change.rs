//! What an import changes: only rows that differ from what is stored.

use time::Date;

use super::agency::Agency;
use super::fee_service::{FeeService, Origin, Schedule};
use super::files::{Catalogue, Row};

/// A service as it is stored, with one of its schedules; none: no fee of it was published yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub service: FeeService,
    pub schedule: Option<Schedule>,
}

/// A schedule to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added<'c> {
    pub row: &'c Row,
    pub version: i32,
    pub valid_from: Option<Date>,
}

/// What to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change<'c> {
    pub agencies: Vec<Agency>,
    pub services: Vec<&'c FeeService>,
    pub schedules: Vec<Added<'c>>,
    /// Rows of the files that differ.
    pub rows: usize,
}

/// Compares the files with what is stored. What the files do not name stays as it is: bills may refer to it. A changed
/// fee or tax category is a new version from `today`; earlier dates keep theirs, and what two persons published stays. `stored`
/// has the newest schedule of each service.
pub fn between<'c>(files: &'c Catalogue, agencies: &[Agency], stored: &[Stored], today: Date) -> Change<'c> {
    let described = files.agencies.iter().map(|agency| said(files, agency, agencies));
    let mut change = Change {
        agencies: described.filter(|agency| !agencies.contains(agency)).collect(),
        ..Change::default()
    };
    change.rows = change.agencies.len();
    for row in &files.services {
        let same = |known: &&Stored| {
            known.service.agency == row.service.agency && known.service.code == row.service.code
        };
        let before = stored.iter().find(same);
        let described = before.is_some_and(|known| known.service == row.service);
        let added = next_version(row, before.and_then(|known| known.schedule.as_ref()), today);
        if !described {
            change.services.push(&row.service);
        }
        if !described || added.is_some() {
            change.rows = change.rows.saturating_add(1);
        }
        change.schedules.extend(added);
    }
    change
}

/// The agency as the files have it; where they say nothing of VAT accounts, with the one it has.
fn said(files: &Catalogue, agency: &Agency, known: &[Agency]) -> Agency {
    let before = known.iter().find(|known| known.id == agency.id && !files.says_vat_accounts);
    let vat_account = before.map_or_else(|| agency.vat_account.clone(), |known| known.vat_account.clone());
    Agency { vat_account, ..agency.clone() }
}

fn next_version<'c>(row: &'c Row, newest: Option<&Schedule>, today: Date) -> Option<Added<'c>> {
    let Some(newest) = newest else {
        return Some(Added { row, version: 1, valid_from: None });
    };
    let same = newest.terms.text == row.fee && newest.terms.tax == row.tax;
    match newest.origin {
        Origin::Draft(_) => return None,
        Origin::Import if same => return None,
        Origin::Import => {}
    }
    // Also when this machine's day is behind the one that wrote the last version.
    let valid_from = newest.valid_from.map_or(today, |last| last.max(today));
    Some(Added { row, version: newest.version.saturating_add(1), valid_from: Some(valid_from) })
}
