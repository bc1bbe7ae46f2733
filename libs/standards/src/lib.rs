//! Pure codecs of what Mizan speaks to the world: no input or output, no clock, no randomness.
//!
//! Each module names its source; the cases in `vectors/` are its tests.
//!
//! | module | speaks |
//! |---|---|
//! | [`emv_qr`] | the QR code on a bill |
//! | [`invoice_qr`] | the QR code on a tax invoice |
//! | [`ubl`] | an invoice that another computer reads |
//! | [`keyval`] | the signature of wallet calls |
//! | [`webhook`] | Standard Webhooks, as agencies verify them |
//! | [`device_journal`] | the signed, hash-chained journal of a kiosk |
//! | [`ssp`] | note acceptors |
//! | [`references`] | CPR, IBAN, creditor reference, phone, card numbers in free text |

pub mod device_journal;
mod digits;
pub mod emv_qr;
pub mod invoice_qr;
pub mod keyval;
pub mod references;
pub mod ssp;
pub mod ubl;
pub mod webhook;
