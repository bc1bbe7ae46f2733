//! Documents as a reader, a screen reader and a computer find them, by poppler's tools.
use std::path::{Path, PathBuf};
use std::process::Command;

use boot::Problem;
use proto::common::v1::Language;
use proto::invoicing::v1 as pb;

use crate::Stack;
use crate::stack::{call, fine};

/// A PDF on disk, and what poppler says about it.
struct Printed {
    folder: tempfile::TempDir,
    file: PathBuf,
}

fn said(tool: &str, arguments: &[&str], file: &Path) -> String {
    let done =
        Command::new(testkit::tools::poppler(tool)).args(arguments).arg(file).arg("-").output().unwrap();
    assert!(done.status.success(), "{tool}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

impl Printed {
    fn new(document: &pb::Document) -> Printed {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(&document.file_name);
        std::fs::write(&file, &document.content).unwrap();
        Printed { folder, file }
    }

    fn info(&self, argument: &str) -> String {
        let done =
            Command::new(testkit::tools::poppler("pdfinfo")).arg(argument).arg(&self.file).output().unwrap();
        // Titles in it are UTF-16.
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// Words in the order and with the characters a person sees, whatever the direction of their line.
    fn text(&self) -> String {
        said("pdftotext", &["-layout"], &self.file)
    }

    /// The file inside.
    fn attached(&self, name: &str) -> String {
        let out = self.folder.path().join("attached");
        let done = Command::new(testkit::tools::poppler("pdfdetach"))
            .args(["-savefile", name, "-o"])
            .arg(&out)
            .arg(&self.file)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        std::fs::read_to_string(out).unwrap()
    }

    /// Leaves it in `target/documents`, where `tools/check-pdf` judges it.
    fn keep(&self, name: &str) {
        let folder = testkit::tools::project_root().join("target/documents");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(&self.file, folder.join(format!("{}.pdf", name.to_lowercase()))).unwrap();
    }

    fn photograph(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures");
        let kept = folder.join(format!("{name}.png"));
        let taken = self.folder.path().join("page");
        let done = Command::new(testkit::tools::poppler("pdftoppm"))
            .args(["-r", "110", "-png", "-singlefile"])
            .arg(&self.file)
            .arg(&taken)
            .status()
            .unwrap();
        assert!(done.success());
        // The committed pictures are renewed by `make pictures`, which removes them first.
        if !kept.exists() {
            std::fs::copy(taken.with_extension("png"), kept).unwrap();
        }
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
        printed.keep(&format!("{}-{lang}", kind.as_str_name()));
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
    let ubl = bill.attached("invoice.xml");
    assert!(ubl.contains(&format!("<cbc:ID>{}</cbc:ID>", invoice.invoice_number)), "{ubl}");
    assert!(ubl.contains(r#"<cbc:PayableAmount currencyID="BHD">12.500</cbc:PayableAmount>"#));
    assert!(bill.text().contains("BHD 12.500"), "{}", bill.text());

    let whole = "راشد حسن الخليفي";
    assert!(!ubl.contains(whole), "whoever holds the reference sees a masked name");
    let own = Printed::new(&t.render_invoice("TRF", &invoice.invoice_number).await.unwrap());
    assert!(own.attached("invoice.xml").contains(whole), "its agency sees whom it bills");

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
        Printed::new(&t.render_bill(&invoice.bill_reference, how).await.unwrap()).photograph(name);
    }
    let how = (pb::DocumentKind::Notice, Language::Ar, THERMAL);
    Printed::new(&t.render_bill(&invoice.bill_reference, how).await.unwrap()).photograph("notice-thermal-ar");
}
