//! What the policies come to: for those who take money, and for those who follow the programme.
use time::Date;

use crate::domain::channel::{Cash, Channel};
use crate::domain::channel_exception::ChannelException;
use crate::domain::channel_rules::{Progress, Rules};
use crate::domain::fee_service::FeeService;
use crate::domain::policy::Policy;
use crate::{Catalogue, Error, store};

/// Every service with its rules, every exception, and the revision they are of.
#[derive(Clone, Debug)]
pub struct Known {
    pub revision: i64,
    pub services: Vec<Governed>,
    pub exceptions: Vec<ChannelException>,
}

/// A service, and what governs its channels.
#[derive(Clone, Debug)]
pub struct Governed {
    pub service: FeeService,
    pub rules: Rules,
    pub policies: Vec<Policy>,
}

/// Everything, unless the caller has it already.
///
/// # Errors
/// The database.
pub async fn since(svc: &Catalogue, known_revision: i64) -> Result<Option<Known>, Error> {
    let mut tx = svc.pg.read().await?;
    // The revision first: a change between the reads only makes what is read look older than it is.
    let revision = store::revision::read(&mut tx).await?;
    if revision == known_revision {
        return Ok(None);
    }
    let mut policies = store::channel_policy::list(&mut tx, None, None).await?;
    let mut services = Vec::new();
    for stored in store::fee_service::list(&mut tx, None, None).await? {
        let service = stored.service;
        let own = |policy: &mut Policy| policy.agency == service.agency && policy.service == service.code;
        let policies: Vec<Policy> = policies.extract_if(.., own).collect();
        services.push(Governed { rules: Rules::of(&service, &policies), service, policies });
    }
    let exceptions = store::channel_exception::list(&mut tx, None).await?;
    Ok(Some(Known { revision, services, exceptions }))
}

/// Where a service stands on a day.
#[derive(Clone, Debug)]
pub struct Standing {
    pub governed: Governed,
    pub progress: Progress,
    pub cash: Cash,
    pub since: Option<Date>,
    /// Those that hold on the day.
    pub exceptions: Vec<ChannelException>,
}

/// Where every service stands on `day`.
///
/// # Errors
/// The database.
pub async fn report(svc: &Catalogue, day: Date) -> Result<Vec<Standing>, Error> {
    let known = since(svc, 0).await?;
    let Some(Known { services, exceptions, .. }) = known else { return Ok(Vec::new()) };
    let stand = |governed: Governed| {
        let service = &governed.service;
        let own = |exception: &&ChannelException| {
            exception.agency == service.agency && exception.service == service.code && exception.holds_on(day)
        };
        Standing {
            progress: Progress::on(&governed.rules, &governed.policies, day),
            cash: Cash::of(&governed.rules.on(day).channels),
            since: governed.rules.cash_since(day),
            exceptions: exceptions.iter().filter(own).cloned().collect(),
            governed,
        }
    };
    Ok(services.into_iter().map(stand).collect())
}

/// What a day brings.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub services: Vec<Changed>,
    pub begins: Vec<ChannelException>,
    pub ended: Vec<ChannelException>,
}

/// A service whose channels differ from the day before.
#[derive(Clone, Debug)]
pub struct Changed {
    pub service: FeeService,
    pub opened: Vec<Channel>,
    pub closed: Vec<Channel>,
}

/// What `day` changes against the day before.
///
/// # Errors
/// The database.
pub async fn changes(svc: &Catalogue, day: Date) -> Result<Changes, Error> {
    let (Some(known), Some(before)) = (since(svc, 0).await?, day.previous_day()) else {
        return Ok(Changes::default());
    };
    let changed = known.services.into_iter().filter_map(|governed| {
        let (was, is) = (&governed.rules.on(before).channels, &governed.rules.on(day).channels);
        (was != is).then(|| Changed {
            opened: is.difference(was).copied().collect(),
            closed: was.difference(is).copied().collect(),
            service: governed.service,
        })
    });
    let holds = |on: Date, not_on: Date| {
        let only = move |e: &&ChannelException| e.holds_on(on) && !e.holds_on(not_on);
        known.exceptions.iter().filter(only).cloned().collect()
    };
    Ok(Changes { services: changed.collect(), begins: holds(day, before), ended: holds(before, day) })
}
