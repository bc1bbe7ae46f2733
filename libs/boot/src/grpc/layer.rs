//! What happens around every RPC: one span named by the RPC that continues the caller's trace, one line for
//! what broke, a metric, a bound on calls at once, and an answer even when a handler panics.

use std::{
    error::Error,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context as Poller, Poll},
    time::Duration,
};

use futures::FutureExt as _;
use http::{HeaderMap, Request, Response};
use tokio::sync::Semaphore;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span, field::Empty};

use crate::{Clock, Context, Problem, metrics::CallSeconds, start_error::chain, tasks::panic_text, trace};

/// More calls at once than this are refused at once: waiting would only make all of them late.
const AT_ONCE_MAX: usize = 1_024;
/// When to come back after such a refusal.
const RETRY_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct TraceLayer {
    clock: Clock,
    seconds: CallSeconds,
    room: Arc<Semaphore>,
}

impl TraceLayer {
    pub(super) fn new(ctx: &Context) -> TraceLayer {
        let seconds = CallSeconds::register(ctx, "mizan_grpc_server_seconds", "Time of an RPC to its answer");
        TraceLayer { clock: ctx.clock.clone(), seconds, room: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = TraceService<S>;

    fn layer(&self, inner: S) -> TraceService<S> {
        TraceService { inner, around: self.clone() }
    }
}

#[derive(Clone)]
pub(super) struct TraceService<S> {
    inner: S,
    around: TraceLayer,
}

impl<S, In, Out> Service<Request<In>> for TraceService<S>
where
    S: Service<Request<In>, Response = Response<Out>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    Out: Default + Send + 'static,
{
    type Response = Response<Out>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Out>, S::Error>> + Send>>;

    fn poll_ready(&mut self, poller: &mut Poller<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(poller)
    }

    fn call(&mut self, request: Request<In>) -> Self::Future {
        let rpc = request.uri().path().trim_start_matches('/').to_owned();
        let span = span(&rpc, request.headers());
        let TraceLayer { clock, seconds, room } = self.around.clone();
        let Ok(permit) = room.try_acquire_owned() else {
            seconds.observe(&rpc, code_name(Code::ResourceExhausted), Duration::ZERO);
            return Box::pin(std::future::ready(Ok(overloaded().into_http())));
        };
        let start = clock.monotonic();
        let handler = span.in_scope(|| self.inner.call(request));
        let answer = async move {
            let answer = match AssertUnwindSafe(handler).catch_unwind().await {
                Ok(answer) => answer,
                Err(panic) => {
                    let text = panic_text(panic.as_ref()).to_owned();
                    Ok(Status::from(Problem::internal(HandlerPanicked(text))).into_http())
                }
            };
            if let Ok(answer) = &answer {
                let code = record(&rpc, answer);
                seconds.observe(&rpc, code_name(code), clock.monotonic().saturating_sub(start));
            }
            drop(permit);
            answer
        };
        Box::pin(answer.instrument(span))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the handler panicked: {0}")]
struct HandlerPanicked(String);

fn overloaded() -> Status {
    let detail = "Too many calls at once; come back shortly.";
    Problem::new(Code::ResourceExhausted, "overloaded", detail).retry_after(RETRY_AFTER).into()
}

fn span(rpc: &str, headers: &HeaderMap) -> Span {
    let (service, method) = rpc.split_once('/').unwrap_or((rpc, ""));
    let span = tracing::info_span!(
        "rpc",
        otel.name = rpc,
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        rpc.grpc.status_code = Empty,
        trace_id = Empty,
    );
    if let Some(parent) = headers.get("traceparent").and_then(|value| value.to_str().ok()) {
        trace::continue_from(&span, parent);
    }
    span.record("trace_id", span.in_scope(trace::trace_id));
    span
}

/// Writes the outcome into the span and, when something broke on our side, the one line about it.
fn record<B>(rpc: &str, answer: &Response<B>) -> Code {
    // A refusal is in the headers; an answer's `OK` comes later, in the trailers.
    let status = answer
        .extensions()
        .get::<Status>()
        .cloned()
        .or_else(|| Status::from_header_map(answer.headers()))
        .unwrap_or_else(|| Status::ok(""));
    let span = Span::current();
    span.record("rpc.grpc.status_code", i64::from(i32::from(status.code())));
    match status.code() {
        Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable | Code::DeadlineExceeded => {
            let problem = Problem::from_status(&status);
            span.record("otel.status_code", "ERROR");
            let cause = status.source().map(chain);
            tracing::error!(rpc, code = %problem.code, detail = problem.detail, cause, "a call broke");
        }
        Code::Ok => {}
        Code::Cancelled
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => {
            let problem = Problem::from_status(&status);
            tracing::debug!(rpc, code = %problem.code, detail = problem.detail, "a call was refused");
        }
    }
    status.code()
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
