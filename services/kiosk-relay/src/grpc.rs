//! The operators' RPCs: convert, see who acts, call app; no rules.

use boot::{
    Call, Panicked, Problem,
    wire::{id_from_wire, time_to_wire},
};
use proto::kiosk::v1::{
    ActivateDeviceRequest, ActivateDeviceResponse, Device, DeviceState, GetDeviceRequest, GetDeviceResponse,
    ListDevicesRequest, ListDevicesResponse, RegisterDeviceRequest, RegisterDeviceResponse,
    device_service_server::DeviceService,
};
use tonic::{Request, Response, Status};

use crate::{
    Error,
    app::{self, Relay},
    domain::device::State,
    store::device::Known,
};

/// `mizan.kiosk.v1.DeviceService`
pub struct Devices {
    pub relay: Relay,
}

#[tonic::async_trait]
impl DeviceService for Devices {
    async fn register_device(
        &self,
        request: Request<RegisterDeviceRequest>,
    ) -> Result<Response<RegisterDeviceResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let RegisterDeviceRequest { device_id, place } = request.into_inner();
        let device_id = id_from_wire("device_id", &device_id)?;
        let work = app::enrolment::register(self.relay.clone(), call.actor, device_id, place);
        let (known, enrolment_code) = flat(self.relay.tasks.run(work).await)?;
        Ok(Response::new(RegisterDeviceResponse { device: Some(known.into()), enrolment_code }))
    }

    async fn activate_device(
        &self,
        request: Request<ActivateDeviceRequest>,
    ) -> Result<Response<ActivateDeviceResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let device_id = id_from_wire("device_id", &request.get_ref().device_id)?;
        let work = app::enrolment::activate(self.relay.clone(), call.actor, device_id);
        let known = flat(self.relay.tasks.run(work).await)?;
        Ok(Response::new(ActivateDeviceResponse { device: Some(known.into()) }))
    }

    async fn get_device(
        &self,
        request: Request<GetDeviceRequest>,
    ) -> Result<Response<GetDeviceResponse>, Status> {
        let device_id = id_from_wire("device_id", &request.get_ref().device_id)?;
        let known = app::enrolment::get(&self.relay, &device_id).await.map_err(Problem::from)?;
        Ok(Response::new(GetDeviceResponse { device: Some(known.into()) }))
    }

    async fn list_devices(
        &self,
        _request: Request<ListDevicesRequest>,
    ) -> Result<Response<ListDevicesResponse>, Status> {
        let known = app::enrolment::list(&self.relay).await.map_err(Problem::from)?;
        Ok(Response::new(ListDevicesResponse { devices: known.into_iter().map(Device::from).collect() }))
    }
}

fn flat<T>(ended: Result<Result<T, Error>, Panicked>) -> Result<T, Problem> {
    ended.unwrap_or_else(|panicked| Err(panicked.into())).map_err(Problem::from)
}

impl From<Known> for Device {
    fn from(known: Known) -> Device {
        let state = match known.device.state {
            State::Registered => DeviceState::Registered,
            State::Pending { .. } => DeviceState::Pending,
            State::Active { .. } => DeviceState::Active,
            State::Quarantined { .. } => DeviceState::Quarantined,
        };
        Device {
            device_id: known.device.device_id.to_string(),
            place: known.device.place,
            state: state.into(),
            epoch: known.head.epoch,
            last_seq: known.head.seq,
            last_hash: known.head.hash.to_string(),
            quarantined_records: known.quarantined_records,
            last_seen_at: known.last_seen_at.map(time_to_wire),
        }
    }
}
