use calamine::{Data, Reader as _, Xlsx};
use proto::invoicing::v1::UploadError;
use rust_xlsxwriter::Workbook;

use crate::Stack;
use crate::stack::sample;

/// What a clerk would write instead.
fn corrected(code: &str, row: usize) -> String {
    match code {
        "amount_over_limit" | "amount_decimals" | "amount_negative" | "amount_text" | "amount_zero" => {
            "7.250".to_owned()
        }
        "reference_duplicate" | "reference_missing" => format!("NEW-{row}"),
        "cpr_length" | "cpr_missing" | "cell_error" => "900101123".to_owned(),
        "phone_invalid" => "36001234".to_owned(),
        "due_date_invalid" | "due_date_past" => "2030-01-31".to_owned(),
        "card_number_in_text" => String::new(),
        "quantity_invalid" | "column_count" => "12".to_owned(),
        "category_unknown" => "doctor".to_owned(),
        other => panic!("no correction for {other}"),
    }
}

/// Corrects the cells that `errors` name, in rows that stand in the order of the errors' rows.
fn correct(rows: &mut [Vec<String>], errors: &[UploadError], agency: &str) {
    let mut numbers: Vec<i32> = errors.iter().map(|error| error.row).collect();
    numbers.dedup();
    assert_eq!(rows.len(), numbers.len(), "the rows at fault and no others");
    for error in errors {
        let index = numbers.iter().position(|number| *number == error.row).unwrap();
        let column = usize::try_from(error.column).unwrap() - 1;
        rows[index][column] = match (error.code.as_str(), agency) {
            ("service_unknown", "TRF") => "FINE".to_owned(),
            ("service_unknown", "MUN") => "RENT-FEE".to_owned(),
            (code, _) => corrected(code, index),
        };
        if error.code == "column_count" {
            rows[index].splice(column + 1..column + 2, ["2030-01-31".to_owned()]);
        }
    }
}

#[tokio::test]
async fn a_corrected_csv_can_be_uploaded_as_it_is() {
    let t = Stack::start().await;
    for (agency, name, delimiter) in [
        ("TRF", "traffic-fines.csv", b';'),
        ("JUS", "judgment-copies.csv", b';'),
        ("MUN", "municipal-rents.csv", b','),
    ] {
        let upload = t.upload(agency, name, &sample(name)).await.unwrap();
        let errors = t.errors(agency, &upload.upload_id).await;
        let file = t.corrections(agency, &upload.upload_id).await.unwrap();
        assert!(file.content.starts_with(b"\xEF\xBB\xBF"), "spreadsheets need the mark");
        assert_eq!(file.file_name, name.replace(".csv", "-corrections.csv"));
        let text = String::from_utf8(file.content.clone()).unwrap();
        assert!(
            !text.contains("4111") && !text.contains("5500005555555559"),
            "card numbers are not given back"
        );

        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(&file.content[3..]);
        let headers: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let mut rows: Vec<Vec<String>> =
            reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        assert!(rows.iter().all(|row| row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@']))));
        assert_eq!(headers[headers.len() - 2..], ["error (en)", "error (ar)"]);
        assert!(rows.iter().all(|row| row[row.len() - 2].contains(": ") && !row[row.len() - 1].is_empty()));

        // As it is: the same rows are still wrong, but for the card number that was hidden.
        let hidden = errors.iter().filter(|error| error.code == "card_number_in_text").count();
        let twice = errors.iter().filter(|error| error.code == "reference_duplicate").count();
        let filled = errors.iter().filter(|error| error.code == "column_count").count();
        let again = t.upload(agency, "as it is.csv", &file.content).await.unwrap();
        let still = usize::try_from(again.errors).unwrap();
        assert_eq!(still, errors.len() - hidden - twice + filled, "{name}");

        correct(&mut rows, &errors, agency);
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(b"\xEF\xBB\xBF".to_vec());
        writer.write_record(&headers).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let corrected = writer.into_inner().unwrap();
        let good = t.upload(agency, "corrected.csv", &corrected).await.unwrap();
        let left = t.errors(agency, &good.upload_id).await;
        assert_eq!((left, good.valid), (vec![], i32::try_from(rows.len()).unwrap()), "{name}");
    }
}

#[tokio::test]
async fn a_corrected_workbook_can_be_uploaded_as_it_is() {
    let t = Stack::start().await;
    let upload = t.upload("HLT", "health-licences.xlsx", &sample("health-licences.xlsx")).await.unwrap();
    let errors = t.errors("HLT", &upload.upload_id).await;
    let file = t.corrections("HLT", &upload.upload_id).await.unwrap();
    assert_eq!(file.file_name, "health-licences-corrections.xlsx");
    let again = t.upload("HLT", "as it is.xlsx", &file.content).await.unwrap();
    assert_eq!((again.rows, again.valid, again.errors), (4, 0, 4));

    let mut workbook: Xlsx<_> = Xlsx::new(std::io::Cursor::new(file.content)).unwrap();
    let range = workbook.worksheet_range_at(0).unwrap().unwrap();
    let is_date = |cell: &Data| matches!(cell, Data::DateTime(_));
    let shown = |cell: &Data| if is_date(cell) { "2030-01-22".to_owned() } else { cell.to_string() };
    let mut rows: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(shown).collect()).collect();
    correct(&mut rows[1..], &errors, "HLT");
    // Typed as text now, a CPR has its zero again.
    for row in &mut rows[1..] {
        row[4] = format!("{:0>9}", row[4]);
    }
    let mut corrected = Workbook::new();
    let sheet = corrected.add_worksheet();
    for (number, row) in (0_u32..).zip(&rows) {
        for (column, cell) in (0_u16..).zip(row) {
            sheet.write_string(number, column, cell).unwrap();
        }
    }
    let corrected = corrected.save_to_buffer().unwrap();
    let good = t.upload("HLT", "corrected.xlsx", &corrected).await.unwrap();
    assert_eq!((t.errors("HLT", &good.upload_id).await, good.valid), (vec![], 4));
}

#[tokio::test]
async fn a_file_without_errors_has_nothing_to_correct() {
    let t = Stack::start().await;
    let file = "reference,service,name,cpr,due_date,pages\nA-1,COPY,Noora,900101123,2030-01-31,3\n";
    let upload = t.upload("JUS", "good.csv", file.as_bytes()).await.unwrap();
    assert_eq!((upload.valid, upload.errors), (1, 0));
    assert_eq!(t.corrections("JUS", &upload.upload_id).await.unwrap_err().code, "upload_has_no_errors");
}
