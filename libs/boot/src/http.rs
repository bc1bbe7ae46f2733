//! HTTP servers: one span a request that continues the caller's trace, an answer even when a handler
//! panics, graceful stop.

use std::{net::SocketAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::Response,
};
use futures::FutureExt as _;
use tokio::{net::TcpListener, sync::Semaphore};
use tracing::{Instrument as _, Span, field::Empty};

use crate::{Clock, Context, StartError, metrics::CallSeconds, tasks::panic_text, trace};

/// What the middleware around every request needs.
#[derive(Clone)]
struct Around {
    clock: Clock,
    seconds: CallSeconds,
    room: Arc<Semaphore>,
}

/// More requests at once than this are refused at once: waiting would only make all of them late.
const AT_ONCE_MAX: usize = 1_024;

/// Serves `router` until [`crate::Tasks::stopping`]; then it takes no new connections and finishes what
/// runs. `name` is in the metric and the log (`api`, `pages`). Returns the bound address.
/// Handlers can ask for the peer with `ConnectInfo<SocketAddr>`.
///
/// # Errors
/// [`StartError::Setting`] when the address cannot be bound.
pub async fn serve(
    ctx: &Context,
    name: &'static str,
    addr: SocketAddr,
    router: Router,
) -> Result<SocketAddr, StartError> {
    let (listener, bound) = bind(ctx, "HTTP_ADDR", addr).await?;
    let app = traced(ctx, name, router).into_make_service_with_connect_info::<SocketAddr>();
    let stopping = ctx.tasks.stopping();
    ctx.tasks.spawn(name, async move {
        if let Err(error) =
            axum::serve(listener, app).with_graceful_shutdown(stopping.cancelled_owned()).await
        {
            tracing::error!(%error, name, "an HTTP port closed");
        }
    });
    Ok(bound)
}

/// `router` with the span, the metric and the panic guard of [`serve`], for servers with a TLS of their own.
pub fn traced(ctx: &Context, name: &str, router: Router) -> Router {
    let metric = format!("mizan_http_{}_seconds", name.replace(['-', ' '], "_"));
    let seconds = CallSeconds::register(ctx, &metric, "Time of an HTTP request to its answer");
    let room = Arc::new(Semaphore::new(AT_ONCE_MAX));
    let around = Around { clock: ctx.clock.clone(), seconds, room };
    router.layer(middleware::from_fn_with_state(around, one_request))
}

async fn one_request(State(around): State<Around>, request: Request, next: Next) -> Response {
    // The route, not the path: paths hold references that belong in no metric and no span's name.
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
    let call = format!("{} {route}", method_name(request.method()));
    let Ok(_permit) = around.room.clone().try_acquire_owned() else {
        around.seconds.observe(&call, "503", Duration::ZERO);
        return overloaded();
    };
    let span = tracing::info_span!(
        "http",
        otel.name = call,
        otel.kind = "server",
        otel.status_code = Empty,
        http.response.status_code = Empty,
        trace_id = Empty,
    );
    if let Some(parent) = request.headers().get("traceparent").and_then(|value| value.to_str().ok()) {
        trace::continue_from(&span, parent);
    }
    span.record("trace_id", span.in_scope(trace::trace_id));
    let start = around.clock.monotonic();
    let answer = async {
        let answer = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(answer) => answer,
            Err(panic) => {
                tracing::error!(call, panic = panic_text(panic.as_ref()), "a handler panicked");
                broken()
            }
        };
        let status = answer.status();
        let span = Span::current();
        span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            span.record("otel.status_code", "ERROR");
        }
        around.seconds.observe(&call, status.as_str(), around.clock.monotonic().saturating_sub(start));
        answer
    };
    answer.instrument(span).await
}

/// Anybody can invent a method; a metric shall not grow by it.
fn method_name(method: &Method) -> &'static str {
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::OPTIONS]
        .iter()
        .zip(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
        .find_map(|(known, name)| (known == method).then_some(name))
        .unwrap_or("OTHER")
}

fn broken() -> Response {
    let body = r#"{"type":"/problems/internal","title":"Internal error","status":500,"code":"internal","money_moved":"unknown"}"#;
    problem(StatusCode::INTERNAL_SERVER_ERROR, body)
}

fn overloaded() -> Response {
    let body = r#"{"type":"/problems/overloaded","title":"Too many requests at once","status":503,"code":"overloaded","money_moved":false}"#;
    let mut answer = problem(StatusCode::SERVICE_UNAVAILABLE, body);
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}

fn problem(status: StatusCode, body: &'static str) -> Response {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("application/problem+json");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

/// Opens a port, or says which setting to change.
///
/// # Errors
/// [`StartError::Setting`] when the address cannot be bound.
pub async fn bind(
    ctx: &Context,
    setting: &str,
    addr: SocketAddr,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let cannot = |error: std::io::Error| {
        StartError::setting(
            ctx.setting(setting),
            format!("cannot listen on {addr}: {error}"),
            "free the port or choose another",
        )
    };
    let listener = TcpListener::bind(addr).await.map_err(cannot)?;
    let bound = listener.local_addr().map_err(cannot)?;
    Ok((listener, bound))
}
