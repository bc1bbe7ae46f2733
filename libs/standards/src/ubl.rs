//! An invoice or a credit note as UBL 2.1, which another computer reads out of the PDF.
//!
//! The arithmetic is EN 16931's (lines sum to the total before VAT, VAT by category, prepaid and payable), with the three decimals
//! of the dinar; EN 16931 itself and Peppol BIS forbid the third, so the document names a profile of its own.
//!
//! # Source
//! OASIS Universal Business Language 2.1, `UBL-Invoice-2.1.xsd`, `UBL-CreditNote-2.1.xsd`; codes by UN/ECE 5305 (VAT), 1001 (document), Rec 20 (units).

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// Our profile, in `cbc:CustomizationID`.
pub const PROFILE: &str = "urn:bh:gov:mizan:invoice:1";
const CURRENCY: &str = "BHD";
/// A piece: fees are counted by their bill.
const UNIT: &str = "C62";

/// What the document says. Amounts are dinars with three decimals, dates are ISO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    pub kind: Kind,
    pub number: String,
    pub issue_date: String,
    pub due_date: String,
    /// What the payer types.
    pub payment_reference: String,
    /// The seller's own reference.
    pub seller_reference: String,
    pub seller: Seller,
    pub buyer_name: String,
    pub lines: Vec<Line>,
    /// One for each category and rate.
    pub taxes: Vec<Tax>,
    pub before_vat: String,
    pub vat: String,
    pub total: String,
    pub paid: String,
    pub due: String,
}

/// Which of the two it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Invoice,
    /// Takes something off the invoice of this number. It has no due date and asks for nothing.
    CreditNote {
        invoice_number: String,
    },
}

/// The names by which the two differ, and the code of UN/ECE 1001.
struct Words {
    root: &'static str,
    type_code: (&'static str, &'static str),
    line: &'static str,
    quantity: &'static str,
}

impl Kind {
    fn words(&self) -> Words {
        match self {
            Kind::Invoice => Words {
                root: "Invoice",
                type_code: ("cbc:InvoiceTypeCode", "380"),
                line: "cac:InvoiceLine",
                quantity: "cbc:InvoicedQuantity",
            },
            Kind::CreditNote { .. } => Words {
                root: "CreditNote",
                type_code: ("cbc:CreditNoteTypeCode", "381"),
                line: "cac:CreditNoteLine",
                quantity: "cbc:CreditedQuantity",
            },
        }
    }
}

/// Who asks for the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seller {
    pub id: String,
    pub name: String,
    /// Fifteen digits.
    pub vat_account: Option<String>,
}

/// One thing to pay for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub name: String,
    /// After its reduction, before VAT.
    pub net: String,
    pub reduction: Option<Reduction>,
    pub category: Category,
    pub percent: String,
}

/// What was taken off a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reduction {
    /// The reason code of the fee.
    pub code: String,
    pub amount: String,
    /// Before it was taken off.
    pub gross: String,
}

/// The VAT of one category and rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tax {
    pub category: Category,
    pub percent: String,
    pub taxable: String,
    pub amount: String,
}

/// UN/ECE 5305.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// `O`: outside the scope of VAT.
    Outside,
    /// `S`: the standard rate.
    Standard,
}

impl Category {
    fn code(self) -> &'static str {
        match self {
            Category::Outside => "O",
            Category::Standard => "S",
        }
    }
}

/// The document, UTF-8.
///
/// # Panics
/// Never: writing to memory does not fail.
pub fn build(invoice: &Invoice) -> String {
    let mut xml = Xml(Writer::new(Vec::new()));
    xml.document(invoice).expect("writing to memory does not fail");
    String::from_utf8(xml.0.into_inner()).expect("it is made of strings")
}

struct Xml(Writer<Vec<u8>>);

impl Xml {
    fn document(&mut self, invoice: &Invoice) -> io::Result<()> {
        self.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let root = invoice.kind.words().root;
        let kind = "urn:oasis:names:specification:ubl:schema:xsd:";
        let spaces = [
            ("xmlns", format!("{kind}{root}-2")),
            ("xmlns:cac", format!("{kind}CommonAggregateComponents-2")),
            ("xmlns:cbc", format!("{kind}CommonBasicComponents-2")),
        ];
        let start = BytesStart::new(root);
        let start = start.with_attributes(spaces.iter().map(|(name, space)| (*name, space.as_str())));
        self.0.write_event(Event::Start(start))?;
        self.body(invoice)?;
        self.0.write_event(Event::End(BytesEnd::new(root)))
    }

    fn body(&mut self, invoice: &Invoice) -> io::Result<()> {
        self.text("cbc:UBLVersionID", "2.1")?;
        self.text("cbc:CustomizationID", PROFILE)?;
        self.text("cbc:ID", &invoice.number)?;
        self.text("cbc:IssueDate", &invoice.issue_date)?;
        let words = invoice.kind.words();
        if invoice.kind == Kind::Invoice {
            self.text("cbc:DueDate", &invoice.due_date)?;
        }
        self.text(words.type_code.0, words.type_code.1)?;
        self.text("cbc:DocumentCurrencyCode", CURRENCY)?;
        self.text("cbc:BuyerReference", &invoice.seller_reference)?;
        if let Kind::CreditNote { invoice_number } = &invoice.kind {
            self.within("cac:BillingReference", |xml| {
                xml.within("cac:InvoiceDocumentReference", |xml| xml.text("cbc:ID", invoice_number))
            })?;
        }
        self.seller(&invoice.seller)?;
        self.within("cac:AccountingCustomerParty", |xml| {
            xml.within("cac:Party", |xml| {
                xml.within("cac:PartyName", |xml| xml.text("cbc:Name", &invoice.buyer_name))
            })
        })?;
        self.within("cac:PaymentMeans", |xml| {
            // UN/ECE 4461: by agreement; every open channel takes the reference.
            xml.text("cbc:PaymentMeansCode", "1")?;
            xml.text("cbc:PaymentID", &invoice.payment_reference)
        })?;
        self.taxes(invoice)?;
        self.within("cac:LegalMonetaryTotal", |xml| {
            xml.amount("cbc:LineExtensionAmount", &invoice.before_vat)?;
            xml.amount("cbc:TaxExclusiveAmount", &invoice.before_vat)?;
            xml.amount("cbc:TaxInclusiveAmount", &invoice.total)?;
            xml.amount("cbc:PrepaidAmount", &invoice.paid)?;
            xml.amount("cbc:PayableAmount", &invoice.due)
        })?;
        for (at, line) in invoice.lines.iter().enumerate() {
            self.line(&words, &at.saturating_add(1).to_string(), line)?;
        }
        Ok(())
    }

    fn seller(&mut self, seller: &Seller) -> io::Result<()> {
        self.within("cac:AccountingSupplierParty", |xml| {
            xml.within("cac:Party", |xml| {
                xml.within("cac:PartyIdentification", |xml| xml.text("cbc:ID", &seller.id))?;
                xml.within("cac:PartyName", |xml| xml.text("cbc:Name", &seller.name))?;
                xml.within("cac:PostalAddress", |xml| {
                    xml.within("cac:Country", |xml| xml.text("cbc:IdentificationCode", "BH"))
                })?;
                match &seller.vat_account {
                    Some(account) => xml.within("cac:PartyTaxScheme", |xml| {
                        xml.text("cbc:CompanyID", account)?;
                        xml.scheme()
                    }),
                    None => Ok(()),
                }
            })
        })
    }

    fn taxes(&mut self, invoice: &Invoice) -> io::Result<()> {
        self.within("cac:TaxTotal", |xml| {
            xml.amount("cbc:TaxAmount", &invoice.vat)?;
            for tax in &invoice.taxes {
                xml.within("cac:TaxSubtotal", |xml| {
                    xml.amount("cbc:TaxableAmount", &tax.taxable)?;
                    xml.amount("cbc:TaxAmount", &tax.amount)?;
                    xml.category("cac:TaxCategory", tax.category, &tax.percent)
                })?;
            }
            Ok(())
        })
    }

    fn line(&mut self, words: &Words, id: &str, line: &Line) -> io::Result<()> {
        self.within(words.line, |xml| {
            xml.text("cbc:ID", id)?;
            xml.with(words.quantity, ("unitCode", UNIT), "1")?;
            xml.amount("cbc:LineExtensionAmount", &line.net)?;
            if let Some(reduction) = &line.reduction {
                xml.within("cac:AllowanceCharge", |xml| {
                    xml.text("cbc:ChargeIndicator", "false")?;
                    xml.text("cbc:AllowanceChargeReason", &reduction.code)?;
                    xml.amount("cbc:Amount", &reduction.amount)?;
                    xml.amount("cbc:BaseAmount", &reduction.gross)
                })?;
            }
            xml.within("cac:Item", |xml| {
                xml.text("cbc:Name", &line.name)?;
                xml.category("cac:ClassifiedTaxCategory", line.category, &line.percent)
            })?;
            let price = line.reduction.as_ref().map_or(&line.net, |reduction| &reduction.gross);
            xml.within("cac:Price", |xml| xml.amount("cbc:PriceAmount", price))
        })
    }

    fn category(&mut self, element: &str, category: Category, percent: &str) -> io::Result<()> {
        self.within(element, |xml| {
            xml.text("cbc:ID", category.code())?;
            match category {
                Category::Standard => xml.text("cbc:Percent", percent)?,
                // A category outside VAT has no rate; a total of the document says why.
                Category::Outside if element == "cac:TaxCategory" => {
                    xml.text("cbc:TaxExemptionReason", "Outside the scope of VAT")?;
                }
                Category::Outside => {}
            }
            xml.scheme()
        })
    }

    fn scheme(&mut self) -> io::Result<()> {
        self.within("cac:TaxScheme", |xml| xml.text("cbc:ID", "VAT"))
    }

    fn amount(&mut self, element: &str, amount: &str) -> io::Result<()> {
        self.with(element, ("currencyID", CURRENCY), amount)
    }

    fn text(&mut self, element: &str, text: &str) -> io::Result<()> {
        self.0.create_element(element).write_text_content(BytesText::new(text)).map(drop)
    }

    fn with(&mut self, element: &str, attribute: (&str, &str), text: &str) -> io::Result<()> {
        let element = self.0.create_element(element).with_attribute(attribute);
        element.write_text_content(BytesText::new(text)).map(drop)
    }

    fn within(&mut self, element: &str, inner: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
        self.0.write_event(Event::Start(BytesStart::new(element)))?;
        inner(self)?;
        self.0.write_event(Event::End(BytesEnd::new(element)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice() -> Invoice {
        let line = |name: &str, net: &str, category, percent: &str| Line {
            name: name.to_owned(),
            net: net.to_owned(),
            reduction: None,
            category,
            percent: percent.to_owned(),
        };
        let reduction =
            Reduction { code: "retired".to_owned(), amount: "5.000".to_owned(), gross: "10.000".to_owned() };
        Invoice {
            kind: Kind::Invoice,
            number: "TRF-2026-000123".to_owned(),
            issue_date: "2026-01-15".to_owned(),
            due_date: "2026-02-15".to_owned(),
            payment_reference: "TRF-2026-000123-K7QM4".to_owned(),
            seller_reference: "A<1>&".to_owned(),
            seller: Seller {
                id: "TRF".to_owned(),
                name: "الإدارة العامة للمرور".to_owned(),
                vat_account: Some("220001234500002".to_owned()),
            },
            buyer_name: "راشد".to_owned(),
            lines: vec![
                Line { reduction: Some(reduction), ..line("Plate", "5.000", Category::Outside, "0") },
                line("Service fee", "0.200", Category::Standard, "10"),
            ],
            taxes: vec![
                Tax {
                    category: Category::Outside,
                    percent: "0".to_owned(),
                    taxable: "5.000".to_owned(),
                    amount: "0.000".to_owned(),
                },
                Tax {
                    category: Category::Standard,
                    percent: "10".to_owned(),
                    taxable: "0.200".to_owned(),
                    amount: "0.020".to_owned(),
                },
            ],
            before_vat: "5.200".to_owned(),
            vat: "0.020".to_owned(),
            total: "5.220".to_owned(),
            paid: "0.000".to_owned(),
            due: "5.220".to_owned(),
        }
    }

    /// Every element and text in order, as a reader finds them.
    fn read(xml: &str) -> Vec<String> {
        let mut reader = quick_xml::Reader::from_str(xml);
        let mut seen = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => seen.push(start.name().0.to_owned()),
                Event::Text(text) => seen.push(text.to_string()),
                Event::GeneralRef(name) => seen.push(format!("&{};", &*name)),
                Event::Eof => return seen,
                Event::End(_)
                | Event::Empty(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_) => {}
            }
        }
    }

    #[test]
    fn a_credit_note_names_its_invoice_and_asks_for_nothing() {
        let kind = Kind::CreditNote { invoice_number: "TRF-2026-000123".to_owned() };
        let read = read(&build(&Invoice { kind, number: "TRF-CN-2026-000001".to_owned(), ..invoice() }));
        let at = |word: &str| read.iter().position(|said| said == word);
        assert_eq!(read[0], "CreditNote");
        let reference = at("cac:BillingReference").unwrap();
        assert_eq!(
            read[reference..reference + 4],
            ["cac:BillingReference", "cac:InvoiceDocumentReference", "cbc:ID", "TRF-2026-000123"]
        );
        assert!(at("cac:CreditNoteLine").is_some() && at("cbc:CreditedQuantity").is_some());
        for none in ["cbc:DueDate", "cac:InvoiceLine", "cbc:InvoiceTypeCode"] {
            assert_eq!(at(none), None, "{none}");
        }
    }

    #[test]
    fn the_document_says_the_whole_bill_and_escapes_what_people_wrote() {
        let xml = build(&invoice());
        let seen = read(&xml);
        for part in [
            "TRF-2026-000123",
            "الإدارة العامة للمرور",
            "220001234500002",
            "cac:AllowanceCharge",
            "retired",
            "BH",
        ] {
            assert!(seen.iter().any(|seen| seen == part), "{part}");
        }
        assert!(xml.contains("A&lt;1&gt;&amp;"));
        assert!(xml.contains(r#"<cbc:PayableAmount currencyID="BHD">5.220</cbc:PayableAmount>"#));
        assert_eq!(seen.iter().filter(|seen| *seen == "cac:InvoiceLine").count(), 2);
        // The order is the schema's: a reader that validates refuses any other.
        let order = [
            "cbc:ID",
            "cac:AccountingSupplierParty",
            "cac:PaymentMeans",
            "cac:TaxTotal",
            "cac:LegalMonetaryTotal",
        ];
        let places = order.map(|element| seen.iter().position(|seen| seen == element).unwrap());
        assert!(places.is_sorted(), "{places:?}");
    }
}
