//! The mail server that receives everything the platform sends.

use std::net::SocketAddr;

use axum::Router;
use boot::{Context, StartError};

use crate::World;

/// What arrived.
pub fn router(_world: &World) -> Router {
    Router::new()
}

/// Opens the SMTP port. Returns the bound address.
///
/// # Errors
/// The port is taken.
pub async fn serve_smtp(world: &World, addr: SocketAddr) -> Result<SocketAddr, StartError> {
    let ctx: &Context = &world.ctx;
    let (_listener, bound) = boot::http::bind(ctx, "SMTP_ADDR", addr).await?;
    Ok(bound)
}
