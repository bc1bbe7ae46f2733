//! The simulated kiosks: a note acceptor that speaks SSP, a host with a signed journal on its own disk, a payer's hand
//! at the slot, and a finger on the power and network switches.
mod acceptor;
mod device;
mod disk;
mod host;
mod journal;
mod relay;
mod session;
mod switches;
#[cfg(test)]
mod tests;

use axum::Router;
use boot::StartError;

pub use device::Kiosks;

use crate::World;

/// The kiosks' switches and their books.
///
/// # Errors
/// What the kiosks hold cannot be read.
pub async fn router(world: &World) -> Result<Router, StartError> {
    let kiosks = Kiosks::open(world).await.map_err(StartError::bug)?;
    kiosks.keep_sending();
    Ok(switches::router(kiosks))
}
