//! What is right and wrong about files, rows and invoices: pure and synchronous.

pub mod amendment;
pub mod calendar;
pub mod correction;
pub mod credit_note;
pub mod document;
pub mod fee_service;
pub mod finding;
pub mod instalment;
pub mod invoice;
pub mod invoice_draft;
pub mod late;
pub mod notice;
pub mod numbering;
pub mod payer;
pub mod states;
pub mod typed;
pub mod upload;
pub mod upload_row;
