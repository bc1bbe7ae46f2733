//! How much one client may ask: a token bucket in Redis that all replicas share; while Redis is away or slow, each
//! replica counts for itself.
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use boot::{Context, ServerUrl, StartError};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use prometheus_client::metrics::counter::Counter;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tonic::Code as Kind;

use crate::Settings;
use crate::problem::Refused;

/// Redis has so long to answer; then the local count decides.
const PATIENCE: Duration = Duration::from_millis(50);

/// Takes one token of the bucket `KEYS[1]` with `ARGV[1]` tokens a second and room for `ARGV[2]`. Answers 0, or the
/// milliseconds until there is a token.
const TAKE: &str = r"
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local rate, room = tonumber(ARGV[1]), tonumber(ARGV[2])
local tokens = math.min(room, (tonumber(kept[1]) or room) + (now_ms - (tonumber(kept[2]) or now_ms)) * rate / 1000)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = math.ceil((1 - tokens) * 1000 / rate) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now_ms)
redis.call('PEXPIRE', KEYS[1], math.ceil(room * 1000 / rate) + 1000)
return wait
";

/// The limits of this replica.
#[derive(Clone)]
pub(crate) struct Limits {
    redis: ConnectionManager,
    take: Arc<redis::Script>,
    local: Arc<DefaultKeyedRateLimiter<String>>,
    rate: u32,
    burst: u32,
    /// How often Redis did not answer and the local count decided.
    local_decisions: Counter,
}

impl Limits {
    /// # Errors
    /// The URL is none. That Redis does not answer is no error: limits are then counted here.
    pub fn start(settings: &Settings, ctx: &Context) -> Result<Limits, StartError> {
        let name = ctx.setting("REDIS_URL");
        let bad = |error: redis::RedisError| {
            StartError::setting(&name, error.to_string(), "give a URL like redis://127.0.0.1:6379/0")
        };
        let url = ServerUrl::new(&name, &settings.redis_url).complete()?;
        let client = redis::Client::open(url.expose().as_str()).map_err(bad)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let redis = ConnectionManager::new_lazy_with_config(client, config).map_err(bad)?;
        let at_least_one = |count: u32| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(settings.rate_per_second))
            .allow_burst(at_least_one(settings.rate_burst));
        let local_decisions = Counter::default();
        ctx.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner).register(
            "mizan_gateway_local_limit_decisions",
            "Requests whose limit was counted locally because Redis did not answer",
            local_decisions.clone(),
        );
        Ok(Limits {
            redis,
            take: Arc::new(redis::Script::new(TAKE)),
            local: Arc::new(RateLimiter::keyed(quota)),
            rate: settings.rate_per_second,
            burst: settings.rate_burst,
            local_decisions,
        })
    }

    /// Lets one request of `client` through.
    ///
    /// # Errors
    /// `rate_limited`, with the time after which there is room.
    pub async fn admit(&self, client: &str) -> Result<(), Refused> {
        let mut redis = self.redis.clone();
        let mut call = self.take.key(format!("mizan:rate:{client}"));
        call.arg(self.rate).arg(self.burst);
        let asked = tokio::time::timeout(PATIENCE, call.invoke_async::<u64>(&mut redis)).await;
        let wait_ms = if let Ok(Ok(wait_ms)) = asked {
            wait_ms
        } else {
            self.local_decisions.inc();
            let denied = self.local.check_key(&client.to_owned()).is_err();
            if denied { u64::from(1_000_u32.div_ceil(self.rate)) } else { 0 }
        };
        if wait_ms == 0 {
            return Ok(());
        }
        let problem = boot::Problem::new(
            Kind::ResourceExhausted,
            "rate_limited",
            format!("More than {} requests a second. There is room again in {wait_ms} ms.", self.rate),
        );
        Err(problem.retry_after(Duration::from_millis(wait_ms)).into())
    }
}
