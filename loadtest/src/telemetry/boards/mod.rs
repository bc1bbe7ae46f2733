//! The six dashboards: each row is a question that somebody asks, and the panels answer it.
mod insides;
mod outside;
mod payers;

use super::Board;

pub(super) fn all() -> Vec<Board> {
    vec![
        payers::citizens(),
        payers::money(),
        insides::services(),
        insides::messages(),
        outside::devices(),
        outside::platform(),
    ]
}
