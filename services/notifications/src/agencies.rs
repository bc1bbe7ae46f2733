//! The names of agencies, from the catalogue. A receipt does not wait for it: without an answer it shows the code.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use boot::{Clock, Lang};
use proto::{
    catalogue::v1::{GetAgencyRequest, catalogue_service_client::CatalogueServiceClient},
    common::v1::LocalText,
};

/// A catalogue that has not answered by then is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// A name is asked for again after this.
const FRESH: Duration = Duration::from_mins(10);

/// Names of agencies. Clones share what is known.
#[derive(Clone, Debug)]
pub struct Agencies {
    client: CatalogueServiceClient<boot::grpc::Channel>,
    clock: Clock,
    known: Arc<Mutex<HashMap<String, Known>>>,
}

#[derive(Clone, Debug)]
struct Known {
    name: LocalText,
    since: Duration,
}

impl Agencies {
    pub fn new(channel: boot::grpc::Channel, clock: Clock) -> Agencies {
        Agencies { client: CatalogueServiceClient::new(channel), clock, known: Arc::default() }
    }

    /// The name of `agency` in `lang`, or its code while the catalogue is away.
    pub async fn name(&self, agency: &str, lang: Lang) -> String {
        let name = match self.fresh(agency) {
            Some(name) => Some(name),
            None => self.ask(agency).await.or_else(|| self.known(agency).map(|known| known.name)),
        };
        let name = name.map(|name| match lang {
            Lang::En => name.en,
            Lang::Ar => name.ar,
        });
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| agency.to_owned())
    }

    fn known(&self, agency: &str) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(agency).cloned()
    }

    fn fresh(&self, agency: &str) -> Option<LocalText> {
        let now = self.clock.monotonic();
        self.known(agency).filter(|known| now.saturating_sub(known.since) < FRESH).map(|known| known.name)
    }

    async fn ask(&self, agency: &str) -> Option<LocalText> {
        let mut client = self.client.clone();
        let asked = client.get_agency(GetAgencyRequest { agency_id: agency.to_owned() });
        let name = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) => answer.into_inner().agency?.name?,
            Ok(Err(status)) => {
                tracing::warn!(agency, code = ?status.code(), "the catalogue gave no name; showing the code");
                return None;
            }
            Err(_elapsed) => {
                tracing::warn!(agency, "the catalogue did not answer in time; showing the code");
                return None;
            }
        };
        let known = Known { name: name.clone(), since: self.clock.monotonic() };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(agency.to_owned(), known);
        Some(name)
    }
}
