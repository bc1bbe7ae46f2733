use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use super::{Signature, record::JournalError};

const VERSION: &str = "MZ1";

/// The line on a receipt (also as a QR code) that anybody can verify with the device's public key, without a
/// network: the proof of an offline payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptLine {
    /// From the device's own block.
    pub receipt_no: String,
    /// The reference on the bill.
    pub bill_ref: String,
    /// What was applied to the bill.
    pub paid_fils: i64,
    /// The device's clock, RFC 3339.
    pub at: String,
    /// The device.
    pub device_id: String,
    /// Which journal of the device holds the payment.
    pub epoch: i64,
}

/// A line that was read; only [`Self::verify`] gives out what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedReceipt {
    text: String,
    receipt: ReceiptLine,
    signature: Signature,
}

/// Why a line is no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// A field is empty or holds the separator.
    #[error("a field of the receipt line is empty or holds `|`")]
    Field,
    /// Not a receipt line of this version.
    #[error("this is not a receipt line")]
    Malformed,
    /// The signature is not of this key, or of something else.
    #[error("the signature does not fit the device's key")]
    Signature,
}

impl ReceiptLine {
    /// The line as it is printed.
    ///
    /// # Errors
    /// `Field`.
    pub fn sign(&self, key: &SigningKey) -> Result<String, ReceiptError> {
        let texts = [&self.receipt_no, &self.bill_ref, &self.at, &self.device_id];
        if texts.iter().any(|text| text.is_empty() || text.contains(['|', '\n'])) {
            return Err(ReceiptError::Field);
        }
        let Self { receipt_no, bill_ref, paid_fils, at, device_id, epoch } = self;
        let text = format!("{VERSION}|{receipt_no}|{bill_ref}|{paid_fils}|{at}|{device_id}|{epoch}");
        let signature = Signature(key.sign(text.as_bytes()).to_bytes());
        Ok(format!("{text}|{signature}"))
    }

    /// Reads a line; believe nothing of it before [`UnverifiedReceipt::verify`].
    ///
    /// # Errors
    /// `Malformed`.
    pub fn read(line: &str) -> Result<UnverifiedReceipt, ReceiptError> {
        let (text, signature) = line.rsplit_once('|').ok_or(ReceiptError::Malformed)?;
        let signature = signature.parse().ok().ok_or(ReceiptError::Malformed)?;
        let fields: Vec<&str> = text.split('|').collect();
        let [VERSION, receipt_no, bill_ref, paid_fils, at, device_id, epoch] = fields.as_slice() else {
            return Err(ReceiptError::Malformed);
        };
        let receipt = Self {
            receipt_no: (*receipt_no).to_owned(),
            bill_ref: (*bill_ref).to_owned(),
            paid_fils: paid_fils.parse().ok().ok_or(ReceiptError::Malformed)?,
            at: (*at).to_owned(),
            device_id: (*device_id).to_owned(),
            epoch: epoch.parse().ok().ok_or(ReceiptError::Malformed)?,
        };
        Ok(UnverifiedReceipt { text: text.to_owned(), receipt, signature })
    }
}

impl UnverifiedReceipt {
    /// The device whose key must fit.
    pub fn claimed_device_id(&self) -> &str {
        &self.receipt.device_id
    }

    /// What the line says, if `key` has signed it.
    ///
    /// # Errors
    /// `Signature`.
    pub fn verify(self, key: &VerifyingKey) -> Result<ReceiptLine, ReceiptError> {
        match self.signature.verify(key, self.text.as_bytes()) {
            Ok(()) => Ok(self.receipt),
            Err(
                JournalError::Canonical(_)
                | JournalError::Hash
                | JournalError::Signature
                | JournalError::Text(_),
            ) => Err(ReceiptError::Signature),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn printed() -> String {
        let v: Value = serde_json::from_str(include_str!("../../vectors/device_journal.json")).unwrap();
        v["offline_receipt"].as_str().unwrap().to_owned()
    }

    #[test]
    fn the_receipt_of_the_vectors_is_signed_and_verified() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let unverified = ReceiptLine::read(&printed()).unwrap();
        assert_eq!(unverified.claimed_device_id(), "KSK-0042");
        let receipt = unverified.verify(&key.verifying_key()).unwrap();
        assert_eq!((receipt.paid_fils, receipt.bill_ref.as_str()), (5250, "INV-2026-000123"));
        assert_eq!(receipt.sign(&key).unwrap(), printed());
    }

    #[test]
    fn changed_lines_prove_nothing() {
        let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
        let more = printed().replace("|5250|", "|9250|");
        assert_eq!(ReceiptLine::read(&more).unwrap().verify(&key), Err(ReceiptError::Signature));
        let other = SigningKey::from_bytes(&[2; 32]).verifying_key();
        assert_eq!(ReceiptLine::read(&printed()).unwrap().verify(&other), Err(ReceiptError::Signature));
        for bad in ["", "x", "a|b", &printed().replace("MZ1", "MZ2"), &printed().replace("|5250|", "|5.2|")] {
            assert_eq!(ReceiptLine::read(bad), Err(ReceiptError::Malformed), "{bad}");
        }
    }

    #[test]
    fn a_field_cannot_hold_the_separator() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let good = ReceiptLine::read(&printed()).unwrap().verify(&key.verifying_key()).unwrap();
        for bill_ref in ["", "A|9250", "A\nB"] {
            let bad = ReceiptLine { bill_ref: bill_ref.into(), ..good.clone() };
            assert_eq!(bad.sign(&key), Err(ReceiptError::Field));
        }
    }
}
