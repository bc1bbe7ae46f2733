//! Documents as a reader, a screen reader and a computer find them, by poppler's tools.
use std::path::{Path, PathBuf};
use std::process::Command;

use boot::Problem;
use proto::common::v1::Language;
use proto::invoicing::v1 as pb;
use testkit::pdf;

use crate::Stack;
use crate::stack::{call, fine};

/// A PDF on disk, and what poppler says about it.
struct Printed {
    _folder: tempfile::TempDir,
    file: PathBuf,
}

/// Of a thousand squares of a page so many may look otherwise than in the committed picture: another poppler draws edges otherwise.
const UNLIKE: usize = 5;

/// A committed picture.
fn committed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/pictures/{name}.png"))
}

impl Printed {
    fn new(document: &pb::Document) -> Printed {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(&document.file_name);
        std::fs::write(&file, &document.content).unwrap();
        Printed { _folder: folder, file }
    }

    fn info(&self, argument: &str) -> String {
        let done =
            Command::new(testkit::tools::poppler("pdfinfo")).arg(argument).arg(&self.file).output().unwrap();
        // Titles in it are UTF-16.
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    fn text(&self) -> String {
        pdf::text(&self.file).unwrap()
    }

    /// It looks as in the committed picture, which `make pictures` removes first and renews.
    fn looks_as(&self, name: &str) {
        let (kept, taken) = (committed(name), pdf::picture(&self.file).unwrap());
        if !kept.exists() {
            std::fs::copy(&taken, &kept).unwrap();
        }
        let unlike = pdf::unlike_per_mille(&kept, &taken).unwrap();
        assert!(
            unlike <= UNLIKE,
            "{name}: {unlike} of 1000 squares look otherwise; look at it, then `make pictures`"
        );
    }
}

impl Stack {
    async fn render_bill(
        &self,
        bill_reference: &str,
        (kind, language, paper): (pb::DocumentKind, Language, pb::Paper),
    ) -> Result<pb::Document, Problem> {
        let asked = pb::RenderBillRequest {
            bill_reference: bill_reference.to_owned(),
            kind: kind.into(),
            language: language.into(),
            paper: paper.into(),
        };
        let answer = self.documents.clone().render_bill(asked).await;
        answer
            .map(|answer| answer.into_inner().document.unwrap())
            .map_err(|status| Problem::from_status(&status))
    }

    async fn render_invoice(&self, agency: &str, number: &str) -> Result<pb::Document, Problem> {
        let asked = pb::RenderInvoiceRequest {
            invoice_number: number.to_owned(),
            language: Language::En.into(),
            ..pb::RenderInvoiceRequest::default()
        };
        let answer = self.documents.clone().render_invoice(call(agency, "-").request(asked).unwrap()).await;
        answer
            .map(|answer| answer.into_inner().document.unwrap())
            .map_err(|status| Problem::from_status(&status))
    }
}

const A4: pb::Paper = pb::Paper::A4;
const THERMAL: pb::Paper = pb::Paper::Thermal;

#[tokio::test]
async fn every_document_is_archivable_tagged_and_speaks_its_language() {
    use pb::DocumentKind::{Invoice, Notice, Reminder};
    let t = Stack::start().await;
    let invoice = t.issue_invoice("TRF", "k", fine("12345-1")).await.unwrap().invoice.unwrap();
    for (kind, language, paper, lang) in [
        (Invoice, Language::En, A4, "en"),
        (Invoice, Language::Ar, A4, "ar"),
        (Notice, Language::Ar, THERMAL, "ar"),
        (Reminder, Language::En, A4, "en"),
    ] {
        let document = t.render_bill(&invoice.bill_reference, (kind, language, paper)).await.unwrap();
        assert_eq!(document.media_type, "application/pdf");
        let printed = Printed::new(&document);
        pdf::keep(&printed.file, &format!("{}-{lang}", kind.as_str_name())).unwrap();
        let info = printed.info("-box");
        assert!(info.contains("Tagged:          yes"), "{info}");
        let meta = printed.info("-meta");
        for claim in ["pdfaid:part>3<", "pdfaid:conformance>A<", "pdfuaid:part>1<"] {
            assert!(meta.contains(claim), "{claim} in {meta}");
        }
        assert!(meta.contains(&format!("<rdf:li>{lang}</rdf:li>")), "{meta}");
        let structure = printed.info("-struct");
        for part in ["H1", "Table", "TH"] {
            assert!(structure.contains(part), "{part} in {structure}");
        }
        let fonts = said_fonts(&printed.file);
        assert!(
            fonts.iter().all(|font| font.contains("IBMPlexSansArabic") && font.contains(" yes yes ")),
            "{fonts:?}"
        );
        assert!(fonts.len() == 2, "regular and bold: {fonts:?}");
    }
}

/// The lines of `pdffonts`: name, type, encoding, whether embedded and a subset.
fn said_fonts(file: &Path) -> Vec<String> {
    let done = Command::new(testkit::tools::poppler("pdffonts")).arg(file).output().unwrap();
    let lines = String::from_utf8(done.stdout).unwrap();
    let fonts: Vec<String> = lines.lines().skip(2).map(str::to_owned).collect();
    assert!(!fonts.is_empty());
    fonts
}

#[tokio::test]
async fn the_invoice_carries_itself_for_computers_and_the_payer_is_masked_for_strangers() {
    let t = Stack::start().await;
    let invoice = t.issue_invoice("TRF", "k", fine("TF-1")).await.unwrap().invoice.unwrap();
    let how = (pb::DocumentKind::Invoice, Language::En, A4);
    let bill = Printed::new(&t.render_bill(&invoice.bill_reference, how).await.unwrap());
    let ubl = pdf::attached(&bill.file, "invoice.xml").unwrap();
    assert!(ubl.contains(&format!("<cbc:ID>{}</cbc:ID>", invoice.invoice_number)), "{ubl}");
    assert!(ubl.contains(r#"<cbc:PayableAmount currencyID="BHD">12.500</cbc:PayableAmount>"#));
    assert!(bill.text().contains("BHD 12.500"), "{}", bill.text());

    let whole = "راشد حسن الخليفي";
    assert!(!ubl.contains(whole), "whoever holds the reference sees a masked name");
    let own = Printed::new(&t.render_invoice("TRF", &invoice.invoice_number).await.unwrap());
    assert!(
        pdf::attached(&own.file, "invoice.xml").unwrap().contains(whole),
        "its agency sees whom it bills"
    );

    let other = t.render_invoice("MUN", &invoice.invoice_number).await.unwrap_err();
    assert_eq!(other.code, "invoice_unknown");
    let guess = t.render_bill(&invoice.invoice_number, how).await.unwrap_err();
    assert_eq!(guess.code, "bill_unknown");
}

#[tokio::test]
async fn what_machines_read_stands_in_its_own_order_on_arabic_lines() {
    let t = Stack::start().await;
    // As in bidi_tokens.json: without isolation it would read 1-12345.
    let invoice = t.issue_invoice("TRF", "k", fine("12345-1")).await.unwrap().invoice.unwrap();
    for paper in [A4, THERMAL] {
        let how = (pb::DocumentKind::Notice, Language::Ar, paper);
        let text = Printed::new(&t.render_bill(&invoice.bill_reference, how).await.unwrap()).text();
        for token in ["12345-1", &invoice.invoice_number, &invoice.bill_reference, &invoice.due_date] {
            assert!(text.contains(token), "{token} in {text}");
        }
    }
}

#[tokio::test]
async fn the_same_question_has_the_same_bytes_until_the_bill_changes() {
    let t = Stack::start().await;
    let invoice = t.issue_invoice("TRF", "k", fine("TF-1")).await.unwrap().invoice.unwrap();
    let how = (pb::DocumentKind::Invoice, Language::Ar, A4);
    let first = t.render_bill(&invoice.bill_reference, how).await.unwrap();
    assert_eq!(t.render_bill(&invoice.bill_reference, how).await.unwrap(), first);
    for (language, name) in [(Language::En, "invoice-en"), (Language::Ar, "invoice-ar")] {
        let how = (pb::DocumentKind::Invoice, language, A4);
        Printed::new(&t.render_bill(&invoice.bill_reference, how).await.unwrap()).looks_as(name);
    }
    let how = (pb::DocumentKind::Notice, Language::Ar, THERMAL);
    Printed::new(&t.render_bill(&invoice.bill_reference, how).await.unwrap()).looks_as("notice-thermal-ar");
}

#[test]
fn pages_that_differ_are_told_apart() {
    let unlike = |one, other| pdf::unlike_per_mille(&committed(one), &committed(other)).unwrap();
    assert_eq!(unlike("invoice-en", "invoice-en"), 0);
    assert!(unlike("invoice-en", "invoice-ar") > 10 * UNLIKE, "the same paper in another language");
    assert_eq!(unlike("invoice-en", "notice-thermal-ar"), 1_000, "other paper");
}
