//! The two CSV files of a catalogue, read whole: every mistake with its place and what to do.

use std::collections::HashSet;
use std::{fmt, sync::Arc};

use csv::StringRecord;
use ids::{AgencyId, ServiceCode};
use time::{Date, macros::format_description};

use super::agency::{Agency, It, Name, is_revenue_account};
use super::fee::Fee;
use super::fee_service::{ElectronicOnly, FeeService, TaxCategory};
use super::similar;

pub const AGENCIES: &str = "agencies.csv";
pub const SERVICES: &str = "services.csv";

const AGENCY_COLUMNS: [&str; 6] =
    ["code", "name_en", "name_ar", "own_it_system", "revenue_account", "settlement_iban"];
/// A file without it says nothing of VAT accounts.
const VAT_ACCOUNT: &str = "vat_account";
const SERVICE_COLUMNS: [&str; 8] = [
    "agency",
    "service",
    "name_en",
    "name_ar",
    "fee",
    "tax_category",
    "electronic_only",
    "electronic_only_from",
];
/// Rows of one file.
const MAX_ROWS: usize = 10_000;
/// The longest name, in characters.
const MAX_NAME: usize = 200;

/// What the files hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    pub agencies: Vec<Agency>,
    /// Whether the file says which agencies have a VAT account; else they keep what they have.
    pub says_vat_accounts: bool,
    pub services: Vec<Row>,
}

/// One row of `services.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub service: FeeService,
    /// The fee as it is written; it was read without mistakes.
    pub fee: String,
    pub tax: TaxCategory,
}

/// What is wrong, where, and what to do. Rows are numbered as a spreadsheet numbers them: the header is 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub file: &'static str,
    pub row: usize,
    pub column: &'static str,
    pub what: String,
    pub todo: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} row {}", self.file, self.row)?;
        if !self.column.is_empty() {
            write!(f, " column {}", self.column)?;
        }
        write!(f, ": {}; {}", self.what, self.todo)
    }
}

/// Reads both files.
///
/// # Errors
/// Every mistake, in the order of the files.
pub fn read(agencies_csv: &[u8], services_csv: &[u8]) -> Result<Catalogue, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let agencies = records(AGENCIES, (&AGENCY_COLUMNS, Some(VAT_ACCOUNT)), agencies_csv, &mut mistakes);
    let says_vat_accounts = agencies.first().is_some_and(|record| record.has(VAT_ACCOUNT));
    let agencies = agencies_of(&agencies, &mut mistakes);
    let services = records(SERVICES, (&SERVICE_COLUMNS, None), services_csv, &mut mistakes);
    let services = services_of(&services, &agencies, &mut mistakes);
    if mistakes.is_empty() { Ok(Catalogue { agencies, says_vat_accounts, services }) } else { Err(mistakes) }
}

/// Where each column stands.
type Columns = Arc<[(&'static str, usize)]>;

/// A record whose columns are known.
struct Record {
    file: &'static str,
    row: usize,
    columns: Columns,
    cells: StringRecord,
}

type Found = Result<String, Mistake>;

impl Record {
    fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|(name, _)| *name == column)
    }

    fn cell(&self, column: &'static str) -> &str {
        let place = self.columns.iter().find(|(name, _)| *name == column).map(|(_, place)| *place);
        place.and_then(|place| self.cells.get(place)).unwrap_or_default().trim()
    }

    fn wrong(&self, column: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Mistake {
        Mistake { file: self.file, row: self.row, column, what: what.into(), todo: todo.into() }
    }

    fn quoted(&self, column: &'static str) -> String {
        format!("`{}`", self.cell(column).chars().take(60).collect::<String>())
    }

    fn text(&self, column: &'static str) -> Found {
        let text = self.cell(column);
        if text.is_empty() {
            return Err(self.wrong(column, "is empty", "fill it in"));
        }
        if text.chars().count() > MAX_NAME || text.chars().any(char::is_control) {
            let todo = format!("use at most {MAX_NAME} characters, on one line");
            return Err(self.wrong(column, "is too long or has control characters", todo));
        }
        Ok(text.to_owned())
    }

    fn name(&self) -> Result<Name, Mistake> {
        Ok(Name { en: self.text("name_en")?, ar: self.text("name_ar")? })
    }

    /// One of a few words.
    fn one_of<T>(&self, column: &'static str, words: &str, found: Option<T>) -> Result<T, Mistake> {
        found.ok_or_else(|| self.wrong(column, format!("{} is unknown", self.quoted(column)), words))
    }

    fn agency(&self) -> Result<Agency, Mistake> {
        let id: AgencyId = self.one_of("code", "use 2 to 8 letters A-Z", self.cell("code").parse().ok())?;
        let it = [("yes", It::OwnSystem), ("no", It::PortalOnly)];
        let it = it.into_iter().find_map(|(word, it)| (word == self.cell("own_it_system")).then_some(it));
        let account = self.cell("revenue_account");
        let iban = standards::references::bahrain_iban(self.cell("settlement_iban")).map_err(|error| {
            let what = format!("{}: {error}", self.quoted("settlement_iban"));
            self.wrong("settlement_iban", what, "copy it from the bank's letter")
        })?;
        Ok(Agency {
            id,
            name: self.name()?,
            it: self.one_of("own_it_system", "write yes or no", it)?,
            revenue_account: self.one_of(
                "revenue_account",
                "write 1 to 20 digits",
                is_revenue_account(account).then(|| account.to_owned()),
            )?,
            settlement_iban: iban,
            vat_account: Agency::checked_vat_account(self.cell(VAT_ACCOUNT)).map_err(|(_, todo)| {
                self.wrong(VAT_ACCOUNT, format!("{} is none", self.quoted(VAT_ACCOUNT)), todo)
            })?,
        })
    }

    fn service(&self, agencies: &[Agency]) -> Result<Row, Mistake> {
        let code = self.cell("agency");
        let known = agencies.iter().find(|agency| agency.id.as_str() == code);
        let agency = known.map(|agency| agency.id.clone()).ok_or_else(|| {
            let near = similar::nearest(code, agencies.iter().map(|agency| agency.id.as_str()));
            let todo =
                near.map_or_else(|| "add the agency there".to_owned(), |near| format!("did you mean {near}"));
            self.wrong("agency", format!("{} is not in {AGENCIES}", self.quoted("agency")), todo)
        })?;
        let service: ServiceCode =
            self.one_of("service", "use 1 to 32 of A-Z, 0-9 and -", self.cell("service").parse().ok())?;
        let fee = self.cell("fee");
        Fee::parse(fee).map_err(|error| {
            self.wrong("fee", error.to_string(), "correct the fee as the README of catalogue describes it")
        })?;
        let tax = TaxCategory::from_code(self.cell("tax_category"));
        let electronic_only = ElectronicOnly::from_word(self.cell("electronic_only"));
        let from =
            Date::parse(self.cell("electronic_only_from"), format_description!("[year]-[month]-[day]"));
        let service = FeeService {
            agency,
            code: service,
            name: self.name()?,
            electronic_only: Some((
                self.one_of("electronic_only", "write full or partly", electronic_only)?,
                self.one_of("electronic_only_from", "write it like 2026-01-31", from.ok())?,
            )),
        };
        let words = "write O (outside VAT) or S (standard rate)";
        Ok(Row { service, fee: fee.to_owned(), tax: self.one_of("tax_category", words, tax)? })
    }
}

fn agencies_of(records: &[Record], mistakes: &mut Vec<Mistake>) -> Vec<Agency> {
    let mut agencies: Vec<Agency> = Vec::new();
    for record in records {
        match record.agency() {
            Ok(agency) if agencies.iter().any(|known| known.id == agency.id) => {
                let what = format!("the agency {} stands twice", agency.id);
                mistakes.push(record.wrong("code", what, "remove one of the rows"));
            }
            Ok(agency) => agencies.push(agency),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    agencies
}

fn services_of(records: &[Record], agencies: &[Agency], mistakes: &mut Vec<Mistake>) -> Vec<Row> {
    let mut services: Vec<Row> = Vec::new();
    let mut seen = HashSet::new();
    for record in records {
        match record.service(agencies) {
            Ok(row) if !seen.insert((row.service.agency.clone(), row.service.code.clone())) => {
                let what = format!("the service {} of {} stands twice", row.service.code, row.service.agency);
                mistakes.push(record.wrong("service", what, "remove one of the rows"));
            }
            Ok(row) => services.push(row),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    services
}

/// The records of a file that has all its columns; else none, and the mistake. One column may be there or not.
fn records(
    file: &'static str,
    (wanted, may): (&[&'static str], Option<&'static str>),
    bytes: &[u8],
    mistakes: &mut Vec<Mistake>,
) -> Vec<Record> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes));
    let columns = reader.headers().map_err(|error| not_csv(file, 1, &error));
    let columns = match columns.and_then(|header| columns_of(file, (wanted, may), header)) {
        Ok(columns) => columns,
        Err(mistake) => {
            mistakes.push(mistake);
            return Vec::new();
        }
    };
    let mut records = Vec::new();
    for (cells, row) in reader.into_records().zip(2_usize..) {
        if row > MAX_ROWS {
            mistakes.push(mistake(
                file,
                row,
                format!("there are more than {MAX_ROWS} rows"),
                "split the file",
            ));
            break;
        }
        match cells {
            Ok(cells) if cells.len() == columns.len() => {
                records.push(Record { file, row, columns: Arc::clone(&columns), cells });
            }
            Ok(cells) => {
                let what = format!("has {} cells, the header {}", cells.len(), columns.len());
                mistakes.push(mistake(file, row, what, "quote cells with a comma, and remove stray ones"));
            }
            Err(error) => mistakes.push(not_csv(file, row, &error)),
        }
    }
    if records.is_empty() && mistakes.is_empty() {
        mistakes.push(mistake(file, 2, "there are no rows".to_owned(), "add one below the header"));
    }
    records
}

/// Where each wanted column stands; their order is free.
fn columns_of(
    file: &'static str,
    (wanted, may): (&[&'static str], Option<&'static str>),
    header: &StringRecord,
) -> Result<Columns, Mistake> {
    let known = |cell: &str| wanted.iter().copied().chain(may).find(|name| *name == cell.trim());
    let columns: Vec<(&'static str, usize)> =
        header.iter().zip(0..).filter_map(|(cell, place)| known(cell).map(|name| (name, place))).collect();
    let todo = || format!("the header is {}", wanted.join(","));
    if let Some(missing) = wanted.iter().find(|name| columns.iter().all(|(known, _)| known != *name)) {
        return Err(mistake(file, 1, format!("the column {missing} is missing"), &todo()));
    }
    if let Some(stranger) = header.iter().find(|cell| known(cell).is_none()) {
        let stranger: String = stranger.chars().take(60).collect();
        return Err(mistake(file, 1, format!("the column `{stranger}` is unknown"), &todo()));
    }
    let twice =
        |(at, (name, _)): (usize, &(&str, usize))| columns.iter().take(at).any(|(known, _)| known == name);
    if columns.iter().enumerate().any(twice) {
        return Err(mistake(file, 1, "a column stands twice".to_owned(), &todo()));
    }
    Ok(columns.into())
}

fn mistake(file: &'static str, row: usize, what: String, todo: &str) -> Mistake {
    Mistake { file, row, column: "", what, todo: todo.to_owned() }
}

fn not_csv(file: &'static str, row: usize, error: &csv::Error) -> Mistake {
    mistake(file, row, format!("is not CSV in UTF-8 ({error})"), "save it as CSV in UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD_AGENCIES: &str = "code,name_en,name_ar,own_it_system,revenue_account,settlement_iban\n\
        TRF,Traffic,المرور,yes,4110,BH78MZNB00000001000700\n";
    const GOOD_SERVICES: &str = "agency,service,name_en,name_ar,fee,tax_category,electronic_only,electronic_only_from\n\
         TRF,FINE,Fine,مخالفة,given,O,full,2026-03-01\n";

    fn said(agencies: &str, services: &str) -> Vec<String> {
        let read = read(agencies.as_bytes(), services.as_bytes());
        read.err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_bad_cell_is_named_with_its_place() {
        assert_eq!(said(GOOD_AGENCIES, GOOD_SERVICES), Vec::<String>::new());
        for (from, to, expected) in [
            ("TRF,T", "trf,T", "agencies.csv row 2 column code: `trf` is unknown; use 2 to 8 letters A-Z"),
            (
                ",yes,",
                ",maybe,",
                "agencies.csv row 2 column own_it_system: `maybe` is unknown; write yes or no",
            ),
            (
                "4110",
                "41-10",
                "agencies.csv row 2 column revenue_account: `41-10` is unknown; write 1 to 20 digits",
            ),
            ("Traffic", " ", "agencies.csv row 2 column name_en: is empty; fill it in"),
        ] {
            assert_eq!(said(&GOOD_AGENCIES.replace(from, to), GOOD_SERVICES).first().unwrap(), expected);
        }
        for (from, to, expected) in [
            (
                "TRF,FINE",
                "TRFF,FINE",
                "services.csv row 2 column agency: `TRFF` is not in agencies.csv; did you mean TRF",
            ),
            (
                "FINE,",
                "fine,",
                "services.csv row 2 column service: `fine` is unknown; use 1 to 32 of A-Z, 0-9 and -",
            ),
            (
                "2026-03-01",
                "01/03/2026",
                "services.csv row 2 column electronic_only_from: `01/03/2026` is unknown; write it like 2026-01-31",
            ),
            (
                ",O,",
                ",Z,",
                "services.csv row 2 column tax_category: `Z` is unknown; write O (outside VAT) or S (standard rate)",
            ),
            (
                ",full,",
                ",never,",
                "services.csv row 2 column electronic_only: `never` is unknown; write full or partly",
            ),
            (
                "given",
                "givn",
                "services.csv row 2 column fee: `givn` is no kind of fee, did you mean given; use fixed, per_unit, table, tiered, sliced, formula or given; correct the fee as the README of catalogue describes it",
            ),
            (
                ",full,",
                ",full,,",
                "services.csv row 2: has 9 cells, the header 8; quote cells with a comma, and remove stray ones",
            ),
            (
                "tax_category",
                "tax",
                "services.csv row 1: the column tax_category is missing; the header is agency,service,name_en,name_ar,fee,tax_category,electronic_only,electronic_only_from",
            ),
        ] {
            assert_eq!(said(GOOD_AGENCIES, &GOOD_SERVICES.replacen(from, to, 1)), [expected]);
        }
    }

    #[test]
    fn vat_accounts_may_be_said() {
        let with = |account: &str| {
            let agencies = GOOD_AGENCIES.replace("settlement_iban", "settlement_iban,vat_account");
            agencies.replace("000700", &format!("000700,{account}"))
        };
        let of = |agencies: &str| read(agencies.as_bytes(), GOOD_SERVICES.as_bytes()).unwrap();
        let (silent, none, one) = (of(GOOD_AGENCIES), of(&with("")), of(&with("200000123400002")));
        let says = [&silent, &none, &one].map(|files| files.says_vat_accounts);
        assert_eq!(says, [false, true, true]);
        assert_eq!(one.agencies.first().unwrap().vat_account.as_deref(), Some("200000123400002"));
        let wrong = "agencies.csv row 2 column vat_account: `2000` is none; write its 15 digits, or nothing";
        assert_eq!(said(&with("2000"), GOOD_SERVICES).first().unwrap(), wrong);
        let twice = with("").replace("vat_account", "vat_account,vat_account");
        assert!(said(&twice, GOOD_SERVICES).first().unwrap().contains("a column stands twice"));
    }

    #[test]
    fn twice_empty_and_not_utf8_are_mistakes_too() {
        let twice = format!("{GOOD_SERVICES}TRF,FINE,Fine,مخالفة,given,O,full,2026-03-01\n");
        assert_eq!(
            said(GOOD_AGENCIES, &twice),
            [
                "services.csv row 3 column service: the service FINE of TRF stands twice; remove one of the rows"
            ]
        );
        let again = format!("{GOOD_AGENCIES}TRF,Traffic,المرور,yes,4110,BH78MZNB00000001000700\n");
        assert_eq!(
            said(&again, GOOD_SERVICES),
            ["agencies.csv row 3 column code: the agency TRF stands twice; remove one of the rows"]
        );
        assert!(said("", GOOD_SERVICES).first().unwrap().contains("the column code is missing"));
        let header = GOOD_SERVICES.lines().next().unwrap();
        assert_eq!(
            said(GOOD_AGENCIES, header),
            ["services.csv row 2: there are no rows; add one below the header"]
        );
        let windows = [GOOD_AGENCIES.as_bytes(), b"MUN,Municipality,\xE3\xE4,no,1,x\n"].concat();
        let mistakes = read(&windows, GOOD_SERVICES.as_bytes()).unwrap_err();
        assert!(mistakes.first().unwrap().to_string().starts_with("agencies.csv row 3: is not CSV in UTF-8"));
        let iban = GOOD_AGENCIES.replace("BH78", "BH79");
        assert!(said(&iban, GOOD_SERVICES).first().unwrap().contains("column settlement_iban: `BH79"));
    }
}
