//! What the demo itself did in the world, where no book of the sandbox can tell: its own lists, kept beside the platform.
use super::Bill;

/// An acquirer's day list, a bank's, and the letters of a provider's dispute desk.
#[derive(Debug, Default)]
pub struct Acts {
    /// Bills that one charge paid together: the provider knows only the first.
    pub carts: Vec<Vec<Bill>>,
    pub takings: Vec<Taking>,
    /// What the bank paid to IBANs.
    pub paid_out_fils: i64,
    /// What the wallet's provider took back after disputes.
    pub charged_back_fils: i64,
}

/// Money that another channel took for a bill.
#[derive(Debug)]
pub struct Taking {
    pub agency: String,
    pub channel: &'static str,
    pub fils: i64,
}
