//! Files with the right columns and no rows, for clerks to fill.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::header::{Column, title};
use super::starts_formula;
use crate::domain::fee_service::FeeService;
use crate::domain::payer::Language;

/// Wide enough for a name.
const WIDTH: u16 = 22;

/// The columns of a file for one service, in the order clerks fill them.
fn columns(service: &FeeService) -> Vec<Column> {
    let inputs = service.inputs.iter().map(|input| Column::Input(input.name.clone()));
    [
        Column::Reference,
        Column::Service,
        Column::Name,
        Column::Cpr,
        Column::Phone,
        Column::Email,
        Column::Language,
    ]
    .into_iter()
    .chain(inputs)
    .chain([Column::DueDate, Column::Reduction, Column::Note])
    .collect()
}

/// UTF-8 with BOM, which every spreadsheet opens rightly.
pub fn csv(service: &FeeService, language: Language) -> String {
    let titles: Vec<String> = columns(service).iter().map(|column| title(column, language)).collect();
    debug_assert!(!titles.iter().any(|title| starts_formula(title)), "titles are words");
    format!("\u{FEFF}{}\r\n", titles.join(","))
}

/// A workbook whose cells are text where a number would lose its zeros.
///
/// # Errors
/// The workbook cannot be written: a mistake of ours.
pub fn workbook(service: &FeeService, language: Language) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let (text, bold) = (Format::new().set_num_format("@"), Format::new().set_bold());
    if language == Language::Ar {
        sheet.set_right_to_left(true);
    }
    for (at, column) in (0_u16..).zip(columns(service)) {
        sheet.set_column_width(at, WIDTH)?;
        match column {
            Column::Reference | Column::Cpr | Column::Phone => {
                sheet.set_column_format(at, &text)?;
            }
            Column::Service
            | Column::Name
            | Column::Email
            | Column::Language
            | Column::DueDate
            | Column::Note
            | Column::Reduction
            | Column::Remark
            | Column::Input(_) => {}
        }
        sheet.write_string_with_format(0, at, title(&column, language), &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    workbook.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fee_service::{Input, InputKind, LocalText};
    use crate::domain::upload::header::{check, column};

    #[test]
    fn what_a_template_names_is_what_a_file_is_read_by() {
        let inputs = vec![Input { name: "pages".to_owned(), kind: InputKind::Quantity }];
        let name = LocalText { en: "Copy".to_owned(), ar: "نسخة".to_owned() };
        let service = FeeService { code: "COPY".to_owned(), name, inputs };
        for language in [Language::Ar, Language::En] {
            let file = csv(&service, language);
            let titles: Vec<String> =
                file.trim_start_matches('\u{FEFF}').trim_end().split(',').map(str::to_owned).collect();
            assert_eq!(check(&titles), Ok(()), "{titles:?}");
            let read: Vec<Column> = titles.iter().map(|title| column(title)).collect();
            assert_eq!(read, columns(&service));
        }
        assert!(csv(&service, Language::Ar).contains("عدد الصفحات"));
        assert!(workbook(&service, Language::Ar).unwrap().starts_with(b"PK"));
    }
}
