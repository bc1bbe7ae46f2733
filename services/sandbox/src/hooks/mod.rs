//! The webhook servers of agencies.

use axum::Router;

use crate::World;

/// Where agencies are told, and what they were told.
pub fn router(_world: &World) -> Router {
    Router::new()
}
