//! The cells a price depends on, in the form the catalogue takes: ASCII digits, `.` as the decimal point.

use std::collections::BTreeMap;

use money::{AmountError, Money};

use super::{Code, Fault, Field, MAX_BILL_FILS, cells};
use crate::domain::fee_service::{FeeService, Input, InputKind};
use crate::domain::typed::plain;
use crate::domain::upload::Cell;

/// The input of a fee that the agency states itself.
pub const AMOUNT: &str = "amount";

/// What `service` asks for, if all of it can be read; what cannot goes to `faults`. Without a service only card numbers
/// are looked for.
pub fn read(
    cells: &BTreeMap<String, Cell>,
    service: Option<&FeeService>,
    faults: &mut Vec<Fault>,
) -> Option<BTreeMap<String, String>> {
    let before = faults.len();
    for (name, cell) in cells {
        faults.extend(cells::no_card_number(Some(cell), &Field::Input(name.clone())).err());
    }
    let at_fault: Vec<Field> = faults.iter().skip(before).map(|fault| fault.field.clone()).collect();
    let mut inputs = BTreeMap::new();
    for input in service.map(|service| service.inputs.as_slice()).unwrap_or_default() {
        let field = Field::Input(input.name.clone());
        if at_fault.contains(&field) {
            continue;
        }
        match read_one(cells.get(&input.name), input, &field) {
            // What is not there at all the catalogue will miss.
            Ok(value) if value.is_empty() => {}
            Ok(value) => {
                inputs.insert(input.name.clone(), value);
            }
            Err(fault) => faults.push(fault),
        }
    }
    (service.is_some() && faults.len() == before).then_some(inputs)
}

/// Inputs that `service` does not ask for.
pub fn unasked(cells: &BTreeMap<String, Cell>, service: Option<&FeeService>) -> Vec<Fault> {
    let Some(service) = service else { return Vec::new() };
    let asked = |name: &str| service.inputs.iter().any(|input| input.name == name);
    let unasked = cells.keys().filter(|name| !asked(name));
    let fault = |name: &String| {
        Fault::new(Field::Input(name.clone()), Code::InputUnknown).with("input", name.clone())
    };
    unasked.map(fault).collect()
}

fn read_one(cell: Option<&Cell>, input: &Input, field: &Field) -> Result<String, Fault> {
    let text = plain(&cells::text(cell, field)?);
    match &input.kind {
        InputKind::Amount if cell.is_some() => amount(&text, field),
        InputKind::Amount | InputKind::Quantity => Ok(text),
        // With groups of thousands or an odd decimal sign; what is no number the catalogue refuses.
        InputKind::Measure => Ok(Money::parse_typed(&text).map_or(text, Money::to_json_amount)),
        InputKind::Category(known) => {
            let same = known.iter().find(|category| category.eq_ignore_ascii_case(&text));
            Ok(same.cloned().unwrap_or(text))
        }
    }
}

fn amount(text: &str, field: &Field) -> Result<String, Fault> {
    let fault = |code| Fault::new(field.clone(), code);
    match Money::parse_typed(text) {
        Ok(amount) if amount.is_zero() => Err(fault(Code::AmountZero)),
        Ok(amount) if amount.minor_units() > MAX_BILL_FILS => Err(over_limit(field.clone())),
        Ok(amount) => Ok(amount.to_json_amount()),
        Err(AmountError::Overflow) => Err(over_limit(field.clone())),
        Err(AmountError::Decimals) => Err(fault(Code::AmountDecimals)),
        Err(AmountError::Negative) => Err(fault(Code::AmountNegative)),
        Err(AmountError::Empty | AmountError::Text | AmountError::Separators | AmountError::Currency) => {
            Err(fault(Code::AmountText))
        }
    }
}

/// The amount is above what one bill may be.
pub fn over_limit(field: Field) -> Fault {
    let limit = Money::fils(MAX_BILL_FILS).to_json_amount();
    Fault::new(field, Code::AmountOverLimit).with("limit", limit)
}
