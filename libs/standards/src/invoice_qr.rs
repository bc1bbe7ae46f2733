//! The code of a tax invoice: tag, length, value in bytes, as Base64. Lengths count **bytes**, the opposite of [`crate::emv_qr`].
//!
//! # Source
//! The QR of the Gulf's tax invoices, as ZATCA's "QR Code Specification" writes it: tags 1 seller, 2 VAT account, 3 time, 4 total,
//! 5 VAT.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What the code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceCode {
    pub seller: String,
    pub vat_account: String,
    /// RFC 3339 in UTC.
    pub issued_at: String,
    /// With VAT, in dinars with three decimals.
    pub total: String,
    pub vat: String,
}

/// A value of more than 255 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("field {tag} has more than 255 bytes")]
pub struct TooLong {
    pub tag: u8,
}

/// The text of the code.
///
/// # Errors
/// [`TooLong`].
pub fn build(code: &InvoiceCode) -> Result<String, TooLong> {
    let values = [&code.seller, &code.vat_account, &code.issued_at, &code.total, &code.vat];
    let mut bytes = Vec::new();
    for (tag, value) in (1_u8..).zip(values) {
        let length = u8::try_from(value.len()).ok().ok_or(TooLong { tag })?;
        bytes.extend([tag, length]);
        bytes.extend(value.as_bytes());
    }
    Ok(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn codes_are_as_the_vectors_say() {
        let vectors: Value = serde_json::from_str(include_str!("../vectors/invoice_qr.json")).unwrap();
        let rows = vectors["rows"].as_array().unwrap();
        assert!(!rows.is_empty());
        for row in rows {
            let value = |at: usize| row["values"][at].as_str().unwrap().to_owned();
            let code = InvoiceCode {
                seller: value(0),
                vat_account: value(1),
                issued_at: value(2),
                total: value(3),
                vat: value(4),
            };
            assert_eq!(build(&code).unwrap(), row["base64"].as_str().unwrap());
            let long = InvoiceCode { seller: "س".repeat(128), ..code };
            assert_eq!(build(&long), Err(TooLong { tag: 1 }));
        }
    }
}
