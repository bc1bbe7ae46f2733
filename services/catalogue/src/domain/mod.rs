//! Pure rules: what a fee is, what it comes to, what a catalogue's files must hold.

pub mod agency;
pub mod change;
pub mod channel;
pub mod channel_exception;
pub mod channel_rules;
pub mod draft;
pub mod exact;
pub mod fee;
pub mod fee_service;
pub mod files;
pub mod formula;
pub mod input;
pub mod late;
pub mod policy;
pub mod price;
pub mod refusal;
pub mod similar;
pub mod states;
pub mod terms;
pub mod vat;
