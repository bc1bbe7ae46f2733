//! The simulated outside world: a wallet provider, kiosks, a mail server and agencies' webhook servers, each
//! with a book of what really happened. See `README.md`.

mod config;
mod error;
mod hooks;
mod kiosk;
mod line;
mod mailbox;
mod wallet;
mod world;

use std::net::SocketAddr;

use axum::Router;
use boot::{Context, StartError};
use pg::Pg;

pub use config::Settings;
pub use error::Error;
pub use world::World;

/// The tables of the world's books.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Connections to Postgres at most.
const CONNECTIONS: u32 = 16;

/// Where the started world listens.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    pub http: SocketAddr,
    pub smtp: SocketAddr,
    pub health: SocketAddr,
}

/// Runs the world until the process stops.
///
/// # Errors
/// As [`start`].
pub async fn run(settings: Settings, ctx: Context) -> Result<(), StartError> {
    start(settings, &ctx).await?;
    ctx.tasks.stopping().cancelled_owned().await;
    Ok(())
}

/// Starts the world and says where it listens; it ends with `ctx.tasks`.
///
/// # Errors
/// A port is taken, the data folder cannot be made, Postgres is away or not migrated.
pub async fn start(settings: Settings, ctx: &Context) -> Result<Running, StartError> {
    let pg = Pg::connect(&settings.database_url, &ctx.setting("DATABASE_URL"), CONNECTIONS).await?;
    pg.check_migrated(&MIGRATOR).await?;
    pg.watch(ctx);
    std::fs::create_dir_all(&settings.data_dir).map_err(|error| {
        StartError::setting(
            ctx.setting("DATA_DIR"),
            format!("cannot make {}: {error}", settings.data_dir.display()),
            "name a folder this user may write",
        )
    })?;
    let world = World { ctx: ctx.clone(), pg, data_dir: settings.data_dir.clone() };

    let bank = wallet::Wallet::new(&world, &settings)?;
    let router = Router::new()
        .merge(wallet::router(bank.clone()))
        .merge(kiosk::router(&world).await?)
        .merge(mailbox::router(&world))
        .merge(hooks::router(&world));
    let http = serve(ctx, settings.http_addr, router).await?;
    bank.open(http);
    let smtp = mailbox::serve_smtp(&world, settings.smtp_addr).await?;
    let health = boot::Health::serve(ctx, settings.health_addr).await?;
    ctx.health.started();
    tracing::info!(%http, %smtp, "the simulated world is open");
    Ok(Running { http, smtp, health })
}

/// As [`boot::http::serve`], by connections that a fault can cut.
async fn serve(ctx: &Context, addr: SocketAddr, router: Router) -> Result<SocketAddr, StartError> {
    let (listener, bound) = boot::http::bind(ctx, "HTTP_ADDR", addr).await?;
    let app = boot::http::traced(ctx, "world", router).into_make_service_with_connect_info::<line::Line>();
    let stopping = ctx.tasks.stopping();
    ctx.tasks.spawn("world", async move {
        let server = axum::serve(line::Lines(listener), app);
        if let Err(error) = server.with_graceful_shutdown(stopping.cancelled_owned()).await {
            tracing::error!(%error, "the world's HTTP port closed");
        }
    });
    Ok(bound)
}
