//! Use cases: load → domain → store → outbox → commit.

pub mod bill;
pub mod enrolment;
pub mod hello;
pub mod journal;
pub mod measure;

use std::sync::Arc;

use boot::{Clock, Ids, Tasks};
use bus::Bus;
use ids::DeviceId;
use pg::Pg;
use proto::payments::v1::payment_service_client::PaymentServiceClient;

use crate::{
    Error,
    ca::DeviceCa,
    domain::device::{Device, PublicKey, State},
    metrics::Metrics,
    store::device::Known,
};

/// What the use cases work with. Clones share it.
#[derive(Clone)]
pub struct Relay {
    pub pg: Pg,
    pub bus: Bus,
    pub clock: Clock,
    pub ids: Ids,
    pub tasks: Tasks,
    pub ca: Arc<DeviceCa>,
    pub payments: PaymentServiceClient<boot::grpc::Channel>,
    pub metrics: Metrics,
}

/// Who a connection is: what the certificate of our CA says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub device_id: DeviceId,
    pub key: PublicKey,
}

impl Peer {
    /// Checks that the certificate's key is the one the device was enrolled with.
    ///
    /// # Errors
    /// `NotThisDevice`.
    fn is(&self, known: Result<Known, Error>) -> Result<Known, Error> {
        match known {
            Ok(known) if known.device.state.key() == Some(&self.key) => Ok(known),
            Ok(_) | Err(Error::DeviceUnknown) => Err(Error::NotThisDevice),
            Err(error) => Err(error),
        }
    }
}

/// May this device begin to take money of a payer?
fn takes_payers(device: &Device) -> Result<(), Error> {
    match device.state {
        State::Registered | State::Pending { .. } => Err(Error::NotActive),
        State::Active { .. } => Ok(()),
        State::Quarantined { .. } => Err(Error::Quarantined),
    }
}
