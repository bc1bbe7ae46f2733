//! The payer's pages against a small world of services on real sockets.
#![expect(clippy::unwrap_used, reason = "a broken world is a failed test")]

mod mine;
mod pages;
mod pay;
mod picture;
mod prices;
mod width;
mod world;
