use time::macros::date;

use super::*;
use crate::domain::fee_service::{Breakdown, Input, InputKind, LocalText, Reduced};

fn services() -> HashMap<String, FeeService> {
    let service = |code: &str, inputs| {
        let name = LocalText { en: code.to_owned(), ar: code.to_owned() };
        (code.to_owned(), FeeService { code: code.to_owned(), name, inputs })
    };
    let input = |name: &str, kind| vec![Input { name: name.to_owned(), kind }];
    HashMap::from([
        service("FINE", input("amount", InputKind::Amount)),
        service("COPY", input("pages", InputKind::Quantity)),
        service("LIC", input("category", InputKind::Category(vec!["doctor".to_owned()]))),
    ])
}

/// A row without fault, with `change` made to it.
fn checked(change: impl FnOnce(&mut Fields)) -> Checked {
    let cell = |text: &str| Some(Cell::Text(text.to_owned()));
    let mut fields = Fields {
        reference: cell("TF-1"),
        service: cell("FINE"),
        name: cell("Noora"),
        cpr: cell("900101123"),
        phone: cell("+973 3600 1234"),
        email: None,
        language: None,
        due_date: cell("31/01/2030"),
        note: cell("plate 7"),
        reduction: None,
        inputs: BTreeMap::from([("amount".to_owned(), Cell::Text("٥٫٠٠٠".to_owned()))]),
        ends_at: None,
    };
    change(&mut fields);
    let (services, calendar) = (services(), Calendar::default());
    let today = date!(2026 - 01 - 15);
    check(&fields, &Rules { services: &services, today, calendar: &calendar, others: Others::Ignored })
}

fn codes(change: impl FnOnce(&mut Fields)) -> Vec<&'static str> {
    checked(change).faults.iter().map(|fault| fault.code.name()).collect()
}

fn amount(text: &str) -> Vec<&'static str> {
    codes(|row| {
        row.inputs.insert("amount".to_owned(), Cell::from_text(text));
    })
}

#[test]
fn a_good_row_is_a_draft_and_a_quote() {
    let row = checked(|_| {});
    assert_eq!(row.faults, []);
    assert_eq!(row.draft.unwrap().payer.facts.phone, "+97336001234");
    assert_eq!(row.quote.unwrap().inputs, BTreeMap::from([("amount".to_owned(), "5.000".to_owned())]));
}

#[test]
fn each_bad_cell_has_its_code() {
    let set = |place: fn(&mut Fields) -> &mut Option<Cell>, text: &str| {
        codes(|row| *place(row) = Some(Cell::from_text(text)))
    };
    assert_eq!(set(|row| &mut row.reference, ""), ["reference_missing"]);
    assert_eq!(set(|row| &mut row.reference, "a b"), ["reference_invalid"]);
    assert_eq!(set(|row| &mut row.reference, &"x".repeat(65)), ["reference_invalid"]);
    assert_eq!(set(|row| &mut row.reference, "4111-1111-1111-1111"), ["card_number_in_text"]);
    assert_eq!(set(|row| &mut row.service, "FINES"), ["service_unknown"]);
    assert_eq!(set(|row| &mut row.name, ""), ["name_missing"]);
    assert_eq!(set(|row| &mut row.name, &"ا".repeat(201)), ["text_too_long"]);
    assert_eq!(set(|row| &mut row.cpr, ""), ["cpr_missing"]);
    assert_eq!(set(|row| &mut row.cpr, "53083522"), ["cpr_length"]);
    assert_eq!(set(|row| &mut row.cpr, "#N/A"), ["cell_error"]);
    assert_eq!(set(|row| &mut row.phone, "+973 12"), ["phone_invalid"]);
    assert_eq!(set(|row| &mut row.phone, ""), [""; 0]);
    assert_eq!(set(|row| &mut row.email, "sara@example.com"), [""; 0]);
    for wrong in
        ["sara", "sara@", "@example.com", "sara@example", "a b@example.com", "سارة@example.com", "a@b@c.de"]
    {
        assert_eq!(set(|row| &mut row.email, wrong), ["email_invalid"], "{wrong}");
    }
    for known in ["ar", "EN", "العربية", "English", ""] {
        assert_eq!(set(|row| &mut row.language, known), [""; 0], "{known}");
    }
    assert_eq!(set(|row| &mut row.language, "fr"), ["language_unknown"]);
    assert_eq!(set(|row| &mut row.note, "pay with 5500005555555559"), ["card_number_in_text"]);
    assert_eq!(set(|row| &mut row.note, &"x".repeat(501)), ["text_too_long"]);
    assert_eq!(set(|row| &mut row.due_date, "31/02/2027"), ["due_date_invalid"]);
}

#[test]
fn each_bad_amount_has_its_code() {
    assert_eq!(amount("99999999999.000"), ["amount_over_limit"]);
    assert_eq!(amount("100000.001"), ["amount_over_limit"]);
    assert_eq!(amount("100,000.000"), [""; 0]);
    assert_eq!(amount("12.5005"), ["amount_decimals"]);
    assert_eq!(amount("-5.000"), ["amount_negative"]);
    assert_eq!(amount("٠٫٠٠٠"), ["amount_zero"]);
    assert_eq!(amount("خمسة"), ["amount_text"]);
    assert_eq!(amount("1,234"), ["amount_text"]);
    assert_eq!(amount(""), ["amount_text"]);
}

#[test]
fn all_faults_of_a_row_are_told_at_once() {
    let row = checked(|row| {
        row.cpr = None;
        row.note = Some(Cell::Text("4111 1111 1111 1111".to_owned()));
    });
    assert!(row.draft.is_none() && row.quote.is_some());
    assert_eq!(
        row.faults.iter().map(|f| f.code).collect::<Vec<_>>(),
        [Code::CprMissing, Code::CardNumberInText]
    );
}

#[test]
fn a_card_number_in_a_column_nobody_asks_for_is_found() {
    let row = checked(|row| {
        row.inputs.insert("remarks".to_owned(), Cell::Text("4111111111111111".to_owned()));
    });
    assert!(row.draft.is_none());
    assert_eq!(row.faults, [Fault::new(Field::Input("remarks".to_owned()), Code::CardNumberInText)]);
}

#[test]
fn zeros_that_a_spreadsheet_ate_come_back() {
    let cpr = |cell| {
        cells::number(Some(&cell)).ok().map(|(number, restored)| (number.as_str().to_owned(), restored))
    };
    let number = |digits: &str| cpr(Cell::Number(digits.to_owned()));
    assert_eq!(number("60139966"), Some(("060139966".to_owned(), true)));
    assert_eq!(number("112345"), Some(("000112345".to_owned(), true)));
    assert_eq!(number("900101123"), Some(("900101123".to_owned(), false)));
    assert_eq!(number("12345"), None);
    assert_eq!(number("1234567890"), None);
    assert_eq!(number("6013996.5"), None);
}

#[test]
fn a_reference_is_one_bill() {
    let mut seen = References::default();
    let mut faults = |mut row: Checked| {
        seen.check(&mut row);
        row.faults.iter().map(|fault| fault.code).collect::<Vec<_>>()
    };
    let other = || {
        checked(|row| {
            row.reference = Some(Cell::Text("TF-2".to_owned()));
        })
    };
    assert_eq!(
        faults(checked(|row| row.cpr = None)),
        [Code::CprMissing],
        "it is used also by a row at fault"
    );
    assert_eq!(faults(checked(|_| {})), [Code::ReferenceDuplicate]);
    assert_eq!(faults(other()), []);
    let mut used = other();
    used.refuse_reference();
    assert_eq!(faults(used), [Code::ReferenceDuplicate], "said once");
}

#[test]
fn a_row_of_another_width_is_told_where_it_ends() {
    let columns = ["reference", "service", "name"].map(crate::domain::upload::header::column);
    let ends = |cells: &[&str]| {
        let cells = cells.iter().map(|text| Cell::from_text(text)).collect();
        Fields::of_row(&columns, cells).ends_at.map(|ends| ends.column)
    };
    assert_eq!(ends(&["a", "b", "c"]), None);
    assert_eq!(ends(&["a", "b"]), Some(3));
    assert_eq!(ends(&["a", "b", "c", "", "d"]), Some(4));
    assert_eq!(ends(&["a", "b", "c", "", ""]), None);
}

#[test]
fn a_price_has_its_limits() {
    let price = |total_fils| Price {
        fee_fils: total_fils,
        vat_fils: 0,
        total_fils,
        steps: vec![],
        schedule_version: 1,
        reduced: Reduced::default(),
        breakdown: Breakdown::default(),
        late: None,
        expires_after_days: None,
    };
    let quote = Quote { service: "FINE".to_owned(), inputs: BTreeMap::new(), reduction: String::new() };
    let code = |total| check_price(&price(total), &quote).map_err(|fault| fault.code);
    assert_eq!(code(MAX_BILL_FILS), Ok(()));
    assert_eq!(code(MAX_BILL_FILS + 1), Err(Code::AmountOverLimit));
    assert_eq!(code(0), Err(Code::AmountZero));
}

#[test]
fn every_code_has_one_word() {
    let words: HashSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(words.len(), Code::ALL.len());
    assert!(Code::ALL.iter().all(|code| Code::from_name(code.name()) == Some(*code)));
}
