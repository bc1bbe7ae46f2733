//! The public REST API in front of the platform's services. It owns nothing: it authenticates, limits, converts and
//! says clearly what was wrong. See `README.md`.

mod clients;
mod config;
mod http;
mod limit;
mod problem;

use std::net::SocketAddr;
use std::sync::Arc;

use boot::{Context, StartError};

pub use config::Settings;
pub use http::openapi_json;
pub use problem::PUBLIC_CODES;

use crate::clients::Clients;
use crate::http::auth::Keys;
use crate::limit::Limits;

/// What every handler may use.
#[derive(Clone)]
pub(crate) struct App {
    pub clients: Clients,
    pub keys: Arc<Keys>,
    pub limits: Limits,
}

/// Where the started gateway listens.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    pub http: SocketAddr,
    pub health: SocketAddr,
}

/// Runs the gateway until the process stops.
///
/// # Errors
/// As [`start`].
pub async fn run(settings: Settings, ctx: Context) -> Result<(), StartError> {
    start(settings, &ctx).await?;
    ctx.tasks.stopping().cancelled_owned().await;
    Ok(())
}

/// Starts the gateway and says where it listens; it ends with `ctx.tasks`.
///
/// # Errors
/// A port is taken or a URL is none.
pub async fn start(settings: Settings, ctx: &Context) -> Result<Running, StartError> {
    let app = App {
        clients: Clients::connect(&settings)?,
        keys: Arc::new(Keys::new(ctx.clock.clone())),
        limits: Limits::start(&settings, ctx)?,
    };
    let http = boot::http::serve(ctx, "api", settings.http_addr, http::router(app)).await?;
    let health = boot::Health::serve(ctx, settings.health_addr).await?;
    ctx.health.started();
    tracing::info!(%http, "the public API is open");
    Ok(Running { http, health })
}
