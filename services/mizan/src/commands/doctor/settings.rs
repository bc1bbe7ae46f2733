//! The settings of services, as they read them from the environment.
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::parser::ValueSource;
use clap::{Args as _, Command};

use crate::services::All;

/// Services that others call over gRPC.
const CALLED: [&str; 7] =
    ["CATALOGUE", "IDENTITY", "INVOICING", "PAYMENTS", "WALLET_ADAPTER", "KIOSK_RELAY", "NOTIFICATIONS"];

struct Setting {
    service: String,
    name: String,
    value: String,
    given: bool,
}

/// What the environment says, and defaults where it says nothing.
pub struct Settings {
    all: Vec<Setting>,
    services: Vec<String>,
}

/// `MIZAN_WALLET_ADAPTER` of `wallet-adapter`.
pub fn prefix(service: &str) -> String {
    format!("MIZAN_{}", service.to_uppercase().replace('-', "_"))
}

/// Whether `name` (`CATALOGUE_URL`) says where a service answers over gRPC.
pub fn is_grpc(name: &str) -> bool {
    name.strip_suffix("_URL").is_some_and(|service| CALLED.contains(&service))
}

impl Settings {
    /// Reads them. Services that the environment says nothing of are left out, unless it says nothing at all.
    ///
    /// # Errors
    /// A setting is wrong.
    pub fn read() -> Result<Settings, clap::Error> {
        let platform = Command::new("mizan doctor").no_binary_name(true);
        let mut all = read(&All::augment_args(platform.clone()))?;
        let mut world = read(&::sandbox::Settings::augment_args(platform))?;
        world.retain(|setting| setting.given);
        all.extend(world);
        let mut services: Vec<String> = Vec::new();
        for only_given in [true, false] {
            if services.is_empty() {
                services =
                    all.iter().filter(|of| of.given || !only_given).map(|of| of.service.clone()).collect();
            }
        }
        services.dedup();
        Ok(Settings { all, services })
    }

    /// Those that run here, in the order of the manual.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(String::as_str)
    }

    /// The settings of a service: name and value.
    pub fn of(&self, service: &str) -> impl Iterator<Item = (String, String)> {
        let own = self.all.iter().filter(move |setting| setting.service == service);
        own.map(|setting| (setting.name.clone(), setting.value.clone()))
    }

    /// A setting of a service by the end of its name: the whole name, and the value.
    pub fn get(&self, service: &str, name: &str) -> Option<(String, String)> {
        let wanted = format!("{}_{name}", prefix(service));
        self.of(service).find(|(name, _)| *name == wanted)
    }

    /// Where a service answers for its health. One that listens everywhere is asked here.
    pub fn health_url(&self, service: &str) -> Option<String> {
        let (_, value) = self.get(service, "HEALTH_ADDR")?;
        let mut address: SocketAddr = value.parse().ok()?;
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        Some(format!("http://{address}"))
    }
}

fn read(command: &Command) -> Result<Vec<Setting>, clap::Error> {
    let matches = command.clone().try_get_matches_from(std::iter::empty::<String>())?;
    let mut settings = Vec::new();
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        let (Some(name), Some((service, _))) = (arg.get_env(), id.split_once('.')) else { continue };
        let value = matches.get_raw(id).and_then(|mut values| values.next());
        let Some(value) = value else { continue };
        settings.push(Setting {
            service: service.replace('_', "-"),
            name: name.to_string_lossy().into_owned(),
            value: value.to_string_lossy().into_owned(),
            given: matches.value_source(id) == Some(ValueSource::EnvVariable),
        });
    }
    Ok(settings)
}
