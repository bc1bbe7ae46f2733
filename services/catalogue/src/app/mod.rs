//! Use cases.
pub mod agency;
pub mod channel_exception;
pub mod channel_rules;
pub mod fee_draft;
pub mod fee_service;
pub mod import;
pub mod policy;
pub mod price_list;
pub mod quote;

use boot::Call;
use ids::{AgencyId, ServiceCode};
use pg::Tx;

use crate::domain::fee_service::FeeService;
use crate::{Catalogue, Error, store};

/// Who decides.
#[derive(Clone, Debug)]
pub struct Caller {
    pub call: Call,
    /// Of a machine that does it for persons, and of which only one shall.
    pub fence: Option<Fence>,
}

/// How often the leader among several writers has changed: a smaller number is of one that leads no more.
#[derive(Clone, Debug)]
pub struct Fence {
    pub writer: String,
    pub number: i64,
}

impl Catalogue {
    /// A transaction that changes something: one after the other, and none of a leader that another has followed.
    async fn change(&self, fence: Option<&Fence>) -> Result<Tx, Error> {
        let mut tx = self.pg.begin().await?;
        store::revision::lock(&mut tx).await?;
        if let Some(fence) = fence {
            store::fence::pass(&mut tx, fence).await?;
        }
        Ok(tx)
    }
}

/// The service that a caller bound to `caller` may decide about: what it may not, does not exist for it.
async fn service_of(
    tx: &mut Tx,
    caller: Option<&AgencyId>,
    agency: &AgencyId,
    code: &ServiceCode,
) -> Result<FeeService, Error> {
    if caller.is_some_and(|caller| caller != agency) || store::agency::find(tx, agency).await?.is_none() {
        return Err(Error::AgencyUnknown(agency.clone()));
    }
    let services = store::fee_service::list(tx, Some(agency), None).await?;
    let found = services.into_iter().map(|stored| stored.service).find(|service| service.code == *code);
    found.ok_or_else(|| Error::ServiceUnknown(code.clone()))
}
