//! Sets sheets in type. Keeps a processor busy for milliseconds: call it where that holds up nobody.

use time::OffsetDateTime;
use typst::diag::SourceDiagnostic;
use typst::foundations::{Datetime, Dict, IntoValue as _, Smart};
use typst_as_lib::{TypstEngine, TypstTemplateMainFile};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use super::Sheet;

/// The one template.
const TEMPLATE: &str = include_str!("sheet.typ");
/// IBM Plex Sans Arabic, both scripts in one face (SIL Open Font License 1.1).
const FONTS: [&[u8]; 2] = [
    include_bytes!("../../assets/fonts/IBMPlexSansArabic-Regular.ttf"),
    include_bytes!("../../assets/fonts/IBMPlexSansArabic-Bold.ttf"),
];
/// Sheets after which what was remembered for the next one is forgotten, so that memory stays bounded.
const REMEMBERED_SHEETS: usize = 8;

/// The template and its fonts, read once.
pub struct Press {
    engine: TypstEngine<TypstTemplateMainFile>,
    standards: PdfStandards,
}

/// Why a sheet could not be printed.
#[derive(Debug, thiserror::Error)]
pub enum PressError {
    #[error("the document cannot be set in type: {0}")]
    Typeset(String),
    #[error("the document does not keep PDF/A-3a and PDF/UA-1: {0}")]
    Standards(String),
}

impl Press {
    /// # Errors
    /// The standards exclude one another.
    pub fn new() -> Result<Press, PressError> {
        let engine = TypstEngine::builder()
            .main_file(TEMPLATE)
            .fonts(FONTS)
            .comemo_evict_max_age(Some(REMEMBERED_SHEETS))
            .build();
        let standards = PdfStandards::new(&[PdfStandard::A_3a, PdfStandard::Ua_1]);
        let standards = standards.map_err(|error| PressError::Standards(error.message().to_string()))?;
        Ok(Press { engine, standards })
    }

    /// The sheet as PDF/A-3a and PDF/UA-1; the same bytes for the same sheet and `made_at`.
    ///
    /// # Errors
    /// [`PressError`]: the template does not fit the sheet.
    pub fn print(&self, sheet: &Sheet, made_at: OffsetDateTime) -> Result<Vec<u8>, PressError> {
        let json = serde_json::to_string(sheet).map_err(|error| PressError::Typeset(error.to_string()))?;
        let mut inputs = Dict::new();
        inputs.insert("sheet".into(), json.into_value());
        let set = self.engine.compile_with_input(inputs);
        let document = set.output.map_err(|error| PressError::Typeset(error.to_string()))?;
        let options = PdfOptions {
            ident: Smart::Custom(format!("{} {} {}", sheet.title, sheet.number, sheet.lang)),
            creator: Smart::Custom(Some("Mizan".to_owned())),
            timestamp: timestamp(made_at),
            standards: self.standards.clone(),
            ..PdfOptions::default()
        };
        typst_pdf::pdf(&document, &options).map_err(|errors| PressError::Standards(all(&errors)))
    }
}

fn timestamp(at: OffsetDateTime) -> Option<Timestamp> {
    let at = at.to_offset(time::UtcOffset::UTC);
    let (date, time) = (at.date(), at.time());
    let month = u8::from(date.month());
    let at =
        Datetime::from_ymd_hms(date.year(), month, date.day(), time.hour(), time.minute(), time.second());
    at.map(Timestamp::new_utc)
}

fn all(errors: &[SourceDiagnostic]) -> String {
    errors.iter().map(|error| error.message.to_string()).collect::<Vec<_>>().join("; ")
}
