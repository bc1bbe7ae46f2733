//! The wallet provider.

use std::net::SocketAddr;

use axum::Router;

use crate::{Settings, World};

/// The provider.
#[derive(Clone, Debug)]
pub struct Wallet {}

impl Wallet {
    /// The provider, still closed.
    pub fn new(_world: &World, _settings: &Settings) -> Wallet {
        Wallet {}
    }

    /// Begins to call merchants back.
    pub fn open(&self, _http: SocketAddr) {}
}

/// What merchants, payers and testers may ask.
pub fn router(_wallet: Wallet) -> Router {
    Router::new()
}
