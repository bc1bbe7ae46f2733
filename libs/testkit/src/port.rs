//! Ports for processes that are told where to listen.
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what the system hands out for connections (from 32,768): nobody's connection sits on a service's port when it is
/// started, or started again.
const PORTS: Range<u16> = 20_000..32_000;

/// The next port that nobody listens on. Each is given once in a process; processes begin at different places.
///
/// # Errors
/// Every port is taken.
pub fn free_address() -> io::Result<SocketAddr> {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
        let begin = std::process::id().wrapping_mul(100) % u32::from(PORTS.end - PORTS.start);
        AtomicU16::new(u16::try_from(begin).unwrap_or_default())
    });
    for _ in PORTS {
        let turn = NEXT.fetch_add(1, Ordering::Relaxed) % (PORTS.end - PORTS.start);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, PORTS.start + turn));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, format!("every port of {PORTS:?} is taken")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_given_once_and_no_connection_begins_at_one() {
        let (one, other) = (free_address().expect("a port"), free_address().expect("a port"));
        assert_ne!(one, other);
        assert!(PORTS.contains(&one.port()) && PORTS.contains(&other.port()));
    }
}
