//! NATS and Redis.
use boot::ServerUrl;
use redis::IntoConnectionInfo as _;

use super::Check;
use super::report::Finding;

/// A consumer with more events before it than this is behind.
const BEHIND: u64 = 1_000;

/// The broker, its stream and who listens; `settings` are those that name it.
pub fn nats(url: String, settings: String) -> Check {
    Check::new("NATS", "events", async move { seen(&url, &settings).await })
}

async fn seen(url: &str, settings: &str) -> Vec<Finding> {
    let look = match bus::look(url, settings).await {
        Ok(Some(look)) => look,
        Ok(None) => {
            let said =
                format!("answers and has no stream {}: no service has told it anything yet", bus::STREAM);
            return vec![Finding::warn(said, "start a service that tells events; it makes the stream")];
        }
        Err(error) => return vec![Finding::refused(&error)],
    };
    let copies = look.replicas;
    let said = format!("stream {}: {} events, {copies} replicas", bus::STREAM, look.messages);
    let mut found = vec![match look.listeners.len() {
        0 => Finding::warn(format!("{said}, and nobody listens"), "start the services that hear events"),
        some => Finding::ok(format!("{said}, {some} consumers")),
    }];
    let behind = look.listeners.iter().filter(|listener| listener.waiting > BEHIND);
    found.extend(behind.map(|listener| {
        let said = format!("{} has {} events before it", listener.name, listener.waiting);
        let service = listener.name.split_once('-').map_or(listener.name.as_str(), |(service, _)| service);
        Finding::warn(
            said,
            format!("look whether {service} is ready, and into its log; more replicas hear faster"),
        )
    }));
    found
}

/// The server that counts limits; `settings` are those that name it.
pub fn redis(url: String, settings: String) -> Check {
    Check::new("Redis", "limits", async move {
        vec![match ping(&url, &settings).await {
            Ok(()) => Finding::ok("answers"),
            // Nothing of record is in it.
            Err(why) => Finding::warn(
                format!("{why}: each gateway replica counts limits for itself"),
                format!("start Redis, or correct {settings}"),
            ),
        }]
    })
}

async fn ping(url: &str, settings: &str) -> Result<(), String> {
    let said = |error: redis::RedisError| error.to_string();
    let url = ServerUrl::new(settings, url);
    let mut server = url.url().into_connection_info().map_err(said)?;
    if let Some(password) = url.password().map_err(|error| error.to_string())? {
        let who = server.redis_settings().clone().set_password(password.expose());
        server = server.set_redis_settings(who);
    }
    let client = redis::Client::open(server).map_err(said)?;
    let mut connection = client.get_multiplexed_async_connection().await.map_err(said)?;
    redis::cmd("PING").query_async::<String>(&mut connection).await.map(drop).map_err(said)
}
