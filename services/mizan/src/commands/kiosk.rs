//! Registering and activating devices.
use std::process::ExitCode;

use boot::Call;
use clap::{Args, Subcommand};
use proto::kiosk::v1::device_service_client::DeviceServiceClient;
use proto::kiosk::v1::{ActivateDeviceRequest, Device, ListDevicesRequest, RegisterDeviceRequest};

use super::{end, refusal};

/// Operators' work on devices.
#[derive(Debug, Args)]
pub struct Kiosk {
    /// Where `kiosk-relay` answers.
    #[arg(long, env = "MIZAN_KIOSK_RELAY_URL", default_value = "http://127.0.0.1:7105", global = true)]
    kiosk_relay_url: String,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes a device known; prints its one-time enrolment code, valid for an hour.
    Register {
        /// The serial on its plate.
        #[arg(long)]
        device: String,
        /// Where it stands.
        #[arg(long)]
        place: String,
        /// Who registers it.
        #[arg(long)]
        actor: String,
    },
    /// Lets an enrolled device take money; by another person than who registered it.
    Activate {
        /// The serial on its plate.
        #[arg(long)]
        device: String,
        /// Who activates it.
        #[arg(long)]
        actor: String,
    },
    /// All devices with their state and the last record heard.
    List,
}

/// Runs a verb against the service.
pub async fn run(kiosk: Kiosk) -> ExitCode {
    end(answer(kiosk).await)
}

async fn answer(kiosk: Kiosk) -> Result<String, String> {
    let channel = boot::grpc::channel(&kiosk.kiosk_relay_url).map_err(|error| error.to_string())?;
    let mut devices = DeviceServiceClient::new(channel);
    let refused = |status: tonic::Status| refusal(&status);
    match kiosk.verb {
        Verb::Register { device, place, actor } => {
            let request = RegisterDeviceRequest { device_id: device, place };
            let request = Call::by(actor).request(request).map_err(|problem| problem.detail)?;
            let registered = devices.register_device(request).await.map_err(refused)?.into_inner();
            Ok(format!("registered; enrolment code (shown once): {}", registered.enrolment_code))
        }
        Verb::Activate { device, actor } => {
            let request = ActivateDeviceRequest { device_id: device };
            let request = Call::by(actor).request(request).map_err(|problem| problem.detail)?;
            let activated = devices.activate_device(request).await.map_err(refused)?.into_inner();
            Ok(activated.device.as_ref().map_or_else(String::new, line))
        }
        Verb::List => {
            let listed = devices.list_devices(ListDevicesRequest {}).await.map_err(refused)?.into_inner();
            Ok(listed.devices.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
    }
}

fn line(device: &Device) -> String {
    let state = device.state().as_str_name().trim_start_matches("DEVICE_STATE_").to_lowercase();
    let Device { device_id, place, epoch, last_seq, .. } = device;
    format!("{device_id} {state} epoch {epoch} record {last_seq} {place}")
}
