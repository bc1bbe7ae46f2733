//! Working days: the holidays of a circular, and terms counted by them.
use std::path::PathBuf;
use std::process::ExitCode;

use boot::Call;
use clap::{Args, Subcommand};
use proto::common::v1::LocalText;
use proto::invoicing::v1::calendar_service_client::CalendarServiceClient;
use proto::invoicing::v1::{
    Calendar as Known, CountTermRequest, GetCalendarRequest, Holiday, PutHolidaysRequest,
};

use super::end;
use super::officer::{Invoicing, answered};

/// Working days: the holidays of a circular, and terms to pay counted by them.
#[derive(Debug, Args)]
pub struct Calendar {
    #[command(flatten)]
    invoicing: Invoicing,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Replaces the holidays by those of a file, as a new revision; the same again changes nothing.
    Put {
        /// CSV with the columns `date,name_en,name_ar,half_day`; the last is `yes` or `no`.
        #[arg(long)]
        file: PathBuf,
        /// The circular they are from.
        #[arg(long)]
        source: String,
        /// Who asks.
        #[arg(long)]
        actor: String,
    },
    /// The holidays of a revision.
    Show {
        /// The newest, if left out.
        #[arg(long, default_value_t = 0)]
        revision: i32,
    },
    /// The day a term ends on: `--term "10 working days"`.
    Count {
        #[arg(long)]
        term: String,
        /// Counted from this day, which does not count; today, if left out.
        #[arg(long, default_value = "")]
        from: String,
    },
}

/// Runs a verb against the service.
pub async fn run(calendar: Calendar) -> ExitCode {
    end(answer(calendar).await)
}

async fn answer(calendar: Calendar) -> Result<String, String> {
    let channel = calendar.invoicing.channel()?;
    let mut calendars = CalendarServiceClient::new(channel);
    match calendar.verb {
        Verb::Put { file, source, actor } => {
            let bytes = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            let holidays = read(&bytes).map_err(|error| format!("{}: {error}", file.display()))?;
            let request = Call::by(&actor).request(PutHolidaysRequest { holidays, source });
            let request = request.map_err(|problem| problem.detail)?;
            let put = answered(calendars.put_holidays(request).await)?.calendar.unwrap_or_default();
            Ok(format!("revision {}: {} holidays", put.revision, put.holidays.len()))
        }
        Verb::Show { revision } => {
            let shown = answered(calendars.get_calendar(GetCalendarRequest { revision }).await)?;
            Ok(lines(&shown.calendar.unwrap_or_default()))
        }
        Verb::Count { term, from } => {
            let counted = answered(calendars.count_term(CountTermRequest { from, term }).await)?;
            Ok(format!("{} by revision {}", counted.date, counted.calendar_revision))
        }
    }
}

fn lines(calendar: &Known) -> String {
    let line = |holiday: &Holiday| {
        let name = holiday.name.clone().unwrap_or_default();
        let half = if holiday.half_day { " (half a day)" } else { "" };
        format!("{} {} {}{half}", holiday.date, name.en, name.ar)
    };
    let head = format!("revision {}: {} holidays", calendar.revision, calendar.holidays.len());
    std::iter::once(head).chain(calendar.holidays.iter().map(line)).collect::<Vec<_>>().join("\n")
}

/// Rows of a file of holidays.
fn read(bytes: &[u8]) -> Result<Vec<Holiday>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let columns = ["date", "name_en", "name_ar", "half_day"];
    if reader.headers().map_err(|error| error.to_string())? != columns.as_slice() {
        return Err(format!("the first row must be {}", columns.join(",")));
    }
    let holiday = |row: (usize, Result<csv::StringRecord, csv::Error>)| {
        let record = row.1.map_err(|error| error.to_string())?;
        let cell = |at: usize| record.get(at).unwrap_or_default().to_owned();
        let half_day = match cell(3).as_str() {
            "yes" => true,
            "no" => false,
            other => return Err(format!("row {}: half_day is `{other}`; write yes or no", row.0 + 2)),
        };
        Ok(Holiday { date: cell(0), name: Some(LocalText { en: cell(1), ar: cell(2) }), half_day })
    };
    reader.records().enumerate().map(holiday).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_holidays_says_which_row_is_wrong() {
        let of = |rows: &str| read(format!("date,name_en,name_ar,half_day\n{rows}").as_bytes());
        let read = of("2026-12-16,National Day,العيد الوطني,no\n2026-12-31,Eve,ليلة,yes\n").unwrap();
        assert_eq!(read.iter().map(|holiday| holiday.half_day).collect::<Vec<_>>(), [false, true]);
        assert_eq!(of("2026-12-16,a,b,maybe\n").unwrap_err(), "row 2: half_day is `maybe`; write yes or no");
        assert!(super::read(b"day\n").unwrap_err().contains("date,name_en"));
    }
}
