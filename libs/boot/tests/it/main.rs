//! The servers, the channel and telemetry, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails here; handlers panic on purpose"
)]

mod grpc;
mod health;
mod http;
mod run;
mod telemetry;
mod wallet;

use std::net::SocketAddr;

use boot::{Clock, Context, Ids};
use time::macros::datetime;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A context on a clock that stands still.
fn context() -> Context {
    Context::new("payments", Clock::manual(datetime!(2026-01-01 00:00 UTC)), Ids::seeded(1))
}

/// Any free port.
fn any() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// The whole answer to one GET, head and body. `more` is header lines, each with its line end.
async fn get(addr: SocketAddr, path: &str, more: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
