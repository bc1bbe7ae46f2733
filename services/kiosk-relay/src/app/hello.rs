//! A device says where it is, and hears how far we are.

use standards::device_journal::Hash;
use time::OffsetDateTime;

use super::{Peer, Relay};
use crate::{Error, store};

/// How far we are with a device's journal.
#[derive(Clone, Debug)]
pub struct Heard {
    pub server_time: OffsetDateTime,
    pub state: &'static str,
    pub epoch: i64,
    pub ack_seq: i64,
    pub ack_hash: Hash,
}

/// Notes that the device lives.
///
/// # Errors
/// `NotThisDevice`.
pub async fn hello(relay: Relay, peer: Peer) -> Result<Heard, Error> {
    let now = relay.clock.now();
    let mut tx = relay.pg.begin().await?;
    let known = peer.is(store::device::find(&mut tx, &peer.device_id).await)?;
    store::device::seen(&mut tx, &peer.device_id, now).await?;
    tx.commit().await?;
    Ok(Heard {
        server_time: now,
        state: known.device.state.name(),
        epoch: known.head.epoch,
        ack_seq: known.head.seq,
        ack_hash: known.head.hash,
    })
}
