//! The rules: who may take money, which record continues a journal, what a record means. Pure.

pub mod cash;
pub mod chain;
pub mod device;
