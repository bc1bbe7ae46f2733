//! HTTP servers: one span a request that continues the caller's trace, an answer even when a handler
//! panics, graceful stop.

use std::{net::SocketAddr, panic::AssertUnwindSafe};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{Method, StatusCode, header},
    middleware::{self, Next},
    response::Response,
};
use futures::FutureExt as _;
use tokio::net::TcpListener;
use tracing::{Instrument as _, Span, field::Empty};

use crate::{Clock, Context, StartError, metrics::CallSeconds, tasks::panic_text, trace};

/// What the middleware around every request needs.
#[derive(Clone)]
struct Around {
    clock: Clock,
    seconds: CallSeconds,
}

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
    let around = Around { clock: ctx.clock.clone(), seconds };
    router.layer(middleware::from_fn_with_state(around, one_request))
}

async fn one_request(State(around): State<Around>, request: Request, next: Next) -> Response {
    // The route, not the path: paths hold references that belong in no metric and no span's name.
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
    let call = format!("{} {route}", method_name(request.method()));
    let span = tracing::info_span!(
        "http",
        otel.name = call,
        otel.kind = "server",
        otel.status_code = Empty,
        http.response.status_code = Empty,
    );
    if let Some(parent) = request.headers().get("traceparent").and_then(|value| value.to_str().ok()) {
        trace::continue_from(&span, parent);
    }
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
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let kind = header::HeaderValue::from_static("application/problem+json");
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
