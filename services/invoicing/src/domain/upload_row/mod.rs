//! One row of a file, or one bill by API: every cell judged. To refuse one more bad cell, start here.

mod cells;
mod due_date;
mod fault;
mod inputs;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use time::Date;

use super::calendar::{Calendar, Due};
use super::fee_service::{FeeService, Price};
use super::payer::{Payer, PayerFacts};
use super::upload::Cell;
use super::upload::header::Column;

pub use due_date::read as read_due;
pub use fault::{Code, Fault, Field};

/// The highest total of one bill, in fils: BHD 100,000.000. Above it, a misplaced separator is likelier than a fee.
pub const MAX_BILL_FILS: i64 = 100_000_000;

/// Characters of a name and of a reference.
pub const MAX_NAME_CHARS: usize = 200;
/// Characters of the agency's own reference.
pub const MAX_REFERENCE_CHARS: usize = 64;
/// Characters of free text.
pub const MAX_NOTE_CHARS: usize = 500;

/// What the checks need to know besides the row.
pub struct Rules<'a> {
    /// The agency's fee services by code.
    pub services: &'a HashMap<String, FeeService>,
    /// The date in Bahrain.
    pub today: Date,
    pub calendar: &'a Calendar,
    pub others: Others,
}

/// What becomes of inputs that the fee does not ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// A spreadsheet has columns for the clerk's own use.
    Ignored,
    /// A program that sends what nobody asks for is mistaken.
    Refused,
}

/// A row's cells by what they mean.
#[derive(Debug, Default)]
pub struct Fields {
    pub reference: Option<Cell>,
    pub service: Option<Cell>,
    pub name: Option<Cell>,
    pub cpr: Option<Cell>,
    pub phone: Option<Cell>,
    pub email: Option<Cell>,
    pub language: Option<Cell>,
    pub due_date: Option<Cell>,
    pub note: Option<Cell>,
    /// The reason code of a reduction.
    pub reduction: Option<Cell>,
    pub inputs: BTreeMap<String, Cell>,
    /// Where the row's cells end, when that is not where the header ends: the first column too few or too many.
    pub ends_at: Option<EndsAt>,
}

/// A row that is not as wide as its header.
#[derive(Clone, Copy, Debug)]
pub struct EndsAt {
    /// The first column too few or too many, from 1.
    pub column: usize,
    pub expected: usize,
    pub found: usize,
}

/// A row without fault, but for its price.
#[derive(Clone, Debug)]
pub struct Draft {
    pub reference: String,
    pub service: String,
    pub payer: Payer,
    pub due: Due,
    /// A spreadsheet had eaten zeros at the start of the CPR.
    pub cpr_restored: bool,
}

/// What a price is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Quote {
    pub service: String,
    pub inputs: BTreeMap<String, String>,
    /// The reason code of a reduction; empty: none is claimed.
    pub reduction: String,
}

/// A row after its cells were judged.
#[derive(Debug)]
pub struct Checked {
    /// There unless a fault stands in the way of a bill.
    pub draft: Option<Draft>,
    /// The agency's reference, if it is one: it is used once, also by rows at fault.
    pub reference: Option<String>,
    /// There if a price can be asked for, also when other cells are at fault: the clerk hears of all at once.
    pub quote: Option<Quote>,
    pub faults: Vec<Fault>,
}

impl Fields {
    /// The cells of a record under their columns.
    pub fn of_row(columns: &[Column], cells: Vec<Cell>) -> Fields {
        let (expected, found) = (columns.len(), cells.len());
        let too_many = cells.iter().skip(expected).any(|cell| !cell.is_empty());
        let mut fields = Fields::default();
        if found < expected || too_many {
            fields.ends_at = Some(EndsAt { column: found.min(expected) + 1, expected, found });
        }
        for (column, cell) in columns.iter().zip(cells) {
            fields.put(column, cell);
        }
        fields
    }

    fn put(&mut self, column: &Column, cell: Cell) {
        let place = match column {
            Column::Reference => &mut self.reference,
            Column::Service => &mut self.service,
            Column::Name => &mut self.name,
            Column::Cpr => &mut self.cpr,
            Column::Phone => &mut self.phone,
            Column::Email => &mut self.email,
            Column::Language => &mut self.language,
            Column::DueDate => &mut self.due_date,
            Column::Note => &mut self.note,
            Column::Reduction => &mut self.reduction,
            Column::Remark => return,
            Column::Input(name) => {
                self.inputs.entry(name.clone()).or_insert(cell);
                return;
            }
        };
        *place = Some(cell);
    }
}

/// Judges every cell of a row but its price and whether its reference was used before.
pub fn check(fields: &Fields, rules: &Rules<'_>) -> Checked {
    if let Some(ends) = fields.ends_at {
        // Which cell is which is not known any more, so the others are not judged.
        let fault = Fault::new(Field::Column(ends.column), Code::ColumnCount)
            .with("expected", ends.expected.to_string())
            .with("found", ends.found.to_string());
        return Checked { draft: None, reference: None, quote: None, faults: vec![fault] };
    }
    let mut faults = Vec::new();
    let mut keep = |fault: Fault| faults.push(fault);
    let reference = cells::reference(fields.reference.as_ref()).map_err(&mut keep).ok();
    let service = cells::service(fields.service.as_ref(), rules.services).map_err(&mut keep).ok();
    let name = cells::name(fields.name.as_ref()).map_err(&mut keep).ok();
    let number = cells::number(fields.cpr.as_ref()).map_err(&mut keep).ok();
    let phone = cells::phone(fields.phone.as_ref()).map_err(&mut keep).ok();
    let email = cells::email(fields.email.as_ref()).map_err(&mut keep).ok();
    let language = cells::language(fields.language.as_ref()).map_err(&mut keep).ok();
    let due = due_date::read(fields.due_date.as_ref(), rules.today, rules.calendar).map_err(&mut keep).ok();
    let note = cells::note(fields.note.as_ref()).map_err(&mut keep).ok();
    let quote = quote(fields, service, rules.others, &mut faults);
    let draft = || {
        let (number, cpr_restored) = number?;
        let facts =
            PayerFacts { name: name?, phone: phone?, note: note?, email: email?, language: language? };
        let (reference, service) = (reference.clone()?, quote.as_ref()?.service.clone());
        Some(Draft { reference, service, payer: Payer { number, facts }, due: due?, cpr_restored })
    };
    // A column no fee asks for may hold a card number all the same.
    let draft = draft().filter(|_| faults.is_empty());
    Checked { draft, reference, quote, faults }
}

/// What the price of `service` is asked for, if its cells can be read.
pub fn quote(
    fields: &Fields,
    service: Option<&FeeService>,
    others: Others,
    faults: &mut Vec<Fault>,
) -> Option<Quote> {
    let reduction = cells::reduction(fields.reduction.as_ref()).map_err(|fault| faults.push(fault)).ok();
    if others == Others::Refused {
        faults.extend(inputs::unasked(&fields.inputs, service));
    }
    let inputs = inputs::read(&fields.inputs, service, faults);
    let (service, inputs, reduction) = (service?, inputs?, reduction?);
    Some(Quote { service: service.code.clone(), inputs, reduction })
}

/// References seen so far in a file. A million of them take some 40 MB: their hashes are kept, of 128 bits under keys of this
/// process, so that two references that differ are not taken for one.
#[derive(Default)]
pub struct References {
    keys: [RandomState; 2],
    seen: HashSet<[u64; 2]>,
}

impl References {
    /// Marks `row` if an earlier one has its reference: one reference is one bill.
    pub fn check(&mut self, row: &mut Checked) {
        let Some(reference) = &row.reference else { return };
        let hashes = [&self.keys[0], &self.keys[1]].map(|key| key.hash_one(reference));
        if !self.seen.insert(hashes) {
            row.refuse_reference();
        }
    }
}

impl Checked {
    /// Its reference is another bill's.
    pub fn refuse_reference(&mut self) {
        let known = self.faults.iter().any(|fault| fault.code == Code::ReferenceDuplicate);
        if !known {
            self.faults.push(Fault::new(Field::Reference, Code::ReferenceDuplicate));
        }
        self.draft = None;
    }
}

/// A price that can be billed.
///
/// # Errors
/// The fault of the amount: it is the agency's own, or comes out of the fee schedule.
pub fn check_price(price: &Price, quote: &Quote) -> Result<(), Fault> {
    let field = if quote.inputs.contains_key(inputs::AMOUNT) {
        Field::Input(inputs::AMOUNT.to_owned())
    } else {
        Field::Service
    };
    let adds_up = price.fee_fils.checked_add(price.vat_fils) == Some(price.total_fils);
    if price.total_fils > MAX_BILL_FILS || !adds_up {
        Err(inputs::over_limit(field))
    } else if price.total_fils == 0 && price.reduced.fils > 0 {
        Err(Fault::new(Field::Reduction, Code::ReductionLeavesNothing))
    } else if price.total_fils <= 0 {
        Err(Fault::new(field, Code::AmountZero))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
