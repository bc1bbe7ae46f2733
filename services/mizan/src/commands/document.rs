//! What the commands that print documents share.
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use proto::common::v1::Language;
use proto::invoicing::v1::{Document, Paper as WirePaper};

/// How a document is printed, and where it goes.
#[derive(Debug, Args)]
pub struct Style {
    #[arg(long, value_enum, default_value = "ar")]
    language: Lang,
    #[arg(long, value_enum, default_value = "a4")]
    paper: Paper,
    /// The PDF to write; its own name, here, if left out.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lang {
    Ar,
    En,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Paper {
    A4,
    /// 80 mm, as long as needed.
    Thermal,
}

impl Style {
    /// As the contract has it.
    pub fn language(&self) -> i32 {
        let language = match self.language {
            Lang::Ar => Language::Ar,
            Lang::En => Language::En,
        };
        language.into()
    }

    /// As the contract has it.
    pub fn paper(&self) -> i32 {
        let paper = match self.paper {
            Paper::A4 => WirePaper::A4,
            Paper::Thermal => WirePaper::Thermal,
        };
        paper.into()
    }

    /// Writes the document and says where it is.
    ///
    /// # Errors
    /// There is none, or the file cannot be written.
    pub fn write(&self, document: Option<Document>) -> Result<String, String> {
        let document = document.ok_or("an answer without a document")?;
        let file = self.out.clone().unwrap_or_else(|| PathBuf::from(&document.file_name));
        std::fs::write(&file, &document.content).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(format!("{}: {} bytes", file.display(), document.content.len()))
    }
}
