//! Pure: what a provider can say, our references there, and the code a payer scans.

pub mod outcome;
pub mod qr;
pub mod reference;
