//! The simulated kiosks.

use axum::Router;
use boot::StartError;

use crate::World;

/// The kiosks' switches and their books.
///
/// # Errors
/// What the kiosks hold cannot be read.
#[expect(clippy::unused_async, reason = "kiosks that were on before are switched on again here")]
pub async fn router(_world: &World) -> Result<Router, StartError> {
    Ok(Router::new())
}
