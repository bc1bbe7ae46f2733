//! SQL only; every function takes the caller's transaction.

pub mod device;
pub mod enrolment;
pub mod evidence;
pub mod journal;
pub mod session;
