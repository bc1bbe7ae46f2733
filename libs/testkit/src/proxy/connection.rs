//! One connection through the proxy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::answer::{Frames, Talk};
use super::{Faults, Line, Weather, reset};

/// Why a connection ends before both sides have closed it.
struct Reset;

/// What the two directions of a connection share.
struct Shared<'a> {
    faults: &'a Faults,
    weather: watch::Receiver<Weather>,
    talk: Talk,
    lost_bytes: AtomicBool,
}

pub(super) async fn carry(mut client: TcpStream, faults: Arc<Faults>) {
    let shared = Shared {
        faults: &faults,
        weather: faults.weather.subscribe(),
        talk: Talk::default(),
        lost_bytes: AtomicBool::new(false),
    };
    if between(&mut client, &shared).await.is_err() {
        reset(&client);
    }
}

async fn between(client: &mut TcpStream, shared: &Shared<'_>) -> Result<(), Reset> {
    let line = shared.weather.borrow().line;
    match line {
        Line::Cut => return Err(Reset),
        Line::HalfOpen => return swallow(client, shared).await,
        Line::Open => {}
    }
    let mut upstream = lost(TcpStream::connect(shared.faults.upstream).await)?;
    for stream in [&*client, &upstream] {
        lost(stream.set_nodelay(true))?;
    }
    let (client_read, client_write) = client.split();
    let (upstream_read, upstream_write) = upstream.split();
    let both = async {
        tokio::try_join!(
            requests(client_read, upstream_write, shared),
            answers(upstream_read, client_write, shared)
        )
    };
    tokio::select! {
        ended = both => ended.map(drop),
        cut = cut_or_healed(shared) => Err(cut),
    }
}

/// A connection that was opened into the void: nothing is answered, until the weather changes.
async fn swallow(client: &mut TcpStream, shared: &Shared<'_>) -> Result<(), Reset> {
    shared.lost_bytes.store(true, Ordering::SeqCst);
    let void = async {
        let mut buffer = vec![0; 16 * 1024];
        while lost(client.read(&mut buffer).await)? > 0 {}
        Ok(())
    };
    tokio::select! {
        ended = void => ended,
        cut = cut_or_healed(shared) => Err(cut),
    }
}

/// Returns when the connection must end: the line is cut, or it is open again and bytes are missing.
async fn cut_or_healed(shared: &Shared<'_>) -> Reset {
    let mut weather = shared.weather.clone();
    let must_end = |weather: &Weather| match weather.line {
        Line::Cut => true,
        Line::Open => shared.lost_bytes.load(Ordering::SeqCst),
        Line::HalfOpen => false,
    };
    // An error means that the proxy is gone.
    weather.wait_for(must_end).await.map_or(Reset, |_| Reset)
}

async fn requests(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, shared: &Shared<'_>) -> Result<(), Reset> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = lost(from.read(&mut buffer).await)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return lost(to.shutdown().await);
        }
        if weathered(shared).await == Line::HalfOpen {
            shared.lost_bytes.store(true, Ordering::SeqCst);
            continue;
        }
        shared.talk.client_said(bytes);
        lost(to.write_all(bytes).await)?;
    }
}

async fn answers(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, shared: &Shared<'_>) -> Result<(), Reset> {
    let mut buffer = vec![0; 64 * 1024];
    let mut frames = Frames::default();
    let mut carried = 0_u64;
    loop {
        let read = lost(from.read(&mut buffer).await)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return lost(to.shutdown().await);
        }
        if shared.talk.is_answer(&mut frames, bytes) && shared.faults.drops_this_answer() {
            return Err(Reset);
        }
        if weathered(shared).await == Line::HalfOpen {
            shared.lost_bytes.store(true, Ordering::SeqCst);
            continue;
        }
        let limit = shared.weather.borrow().reset_after;
        let left = limit.map_or(u64::MAX, |limit| limit.saturating_sub(carried));
        let passes = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        lost(to.write_all(bytes.get(..passes).unwrap_or_default()).await)?;
        carried = carried.saturating_add(u64::try_from(passes).unwrap_or(u64::MAX));
        if limit.is_some_and(|limit| carried >= limit) {
            // What was written must arrive before the reset, which throws away what still waits to be sent.
            pause(Duration::from_millis(20)).await;
            return Err(Reset);
        }
    }
}

/// Waits as long as data is delayed now, and tells the line as it is then.
async fn weathered(shared: &Shared<'_>) -> Line {
    let delay = shared.weather.borrow().delay;
    if !delay.is_zero() {
        pause(delay).await;
    }
    shared.weather.borrow().line
}

#[expect(clippy::disallowed_methods, reason = "the proxy delays real bytes")]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// A peer that breaks the connection is passed on as a reset; the reason is not needed.
fn lost<T>(outcome: std::io::Result<T>) -> Result<T, Reset> {
    outcome.or(Err(Reset))
}
