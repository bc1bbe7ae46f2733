//! The wallet provider: charges in a book of its own, a hosted page, signed callbacks, an inquiry, captures, refunds,
//! reversals, and every fault a real one has.

mod book;
mod callbacks;
mod capture;
mod charge;
mod control;
mod fault;
mod merchant;
mod payer;
mod refund;
mod wire;

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use boot::{Lang, StartError, locale::Texts};
use tokio::sync::{Notify, RwLock};

use crate::{Error, Settings, World};
use charge::{Charge, Command, Refused};
use wire::Secret;

/// The longest body anybody may send.
const BODY_MAX: usize = 64 * 1024;
/// A merchant that has not taken a callback by then gets it again.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// The provider. Clones share it.
#[derive(Clone, Debug)]
pub struct Wallet(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    world: World,
    secret: Secret,
    merchant_id: String,
    /// What a charge holds is let go after that.
    hold: time::Duration,
    public_url: OnceLock<String>,
    http: reqwest::Client,
    bell: Notify,
    texts: Texts,
    /// As it stands in the book, once somebody has looked: every call asks for it.
    weather: RwLock<Option<book::Weather>>,
}

impl Wallet {
    /// The provider, still closed.
    ///
    /// # Errors
    /// A bug: its sentences do not load, or there is no TLS.
    pub fn new(world: &World, settings: &Settings) -> Result<Wallet, StartError> {
        let texts = Texts::load(&[
            (Lang::En, include_str!("../../../../locales/en/sandbox.ftl")),
            (Lang::Ar, include_str!("../../../../locales/ar/sandbox.ftl")),
        ])
        .map_err(StartError::bug)?;
        let http = reqwest::Client::builder()
            .timeout(CALLBACK_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(StartError::bug)?;
        let public_url = OnceLock::new();
        if let Some(url) = &settings.public_url {
            public_url.get_or_init(|| url.trim_end_matches('/').to_owned());
        }
        Ok(Wallet(Arc::new(Inner {
            world: world.clone(),
            secret: Secret(settings.wallet_secret.clone()),
            merchant_id: settings.wallet_merchant_id.clone(),
            hold: time::Duration::milliseconds(settings.wallet_hold_ms.into()),
            public_url,
            http,
            bell: Notify::new(),
            texts,
            weather: RwLock::default(),
        })))
    }

    /// Begins to call merchants back. `http` is where payers find the hosted page unless a setting says so.
    pub fn open(&self, http: SocketAddr) {
        self.0.public_url.get_or_init(|| format!("http://{http}"));
        self.0.world.ctx.tasks.spawn("wallet callbacks", callbacks::work(self.clone()));
    }

    fn page_url(&self, reference: &str) -> String {
        let base = self.0.public_url.get().map_or("", String::as_str);
        format!("{base}/wallet/pay/{reference}")
    }

    /// Does `command` to a charge: the book and what must be told of it, in one transaction.
    async fn change(&self, reference: &str, command: Command) -> Result<Result<Charge, Refused>, Error> {
        let now = self.0.world.ctx.clock.now();
        let mut tx = self.0.world.pg.begin().await?;
        let before = book::lock(&mut tx, reference).await?;
        let before = before.ok_or_else(|| Error::NotFound(reference.to_owned()))?;
        let after = match before.step(command, now) {
            Ok(after) => after,
            Err(refused) => return Ok(Err(refused)),
        };
        if after != before {
            book::save(&mut tx, &before, &after).await?;
            callbacks::write(self, &mut tx, &after, now).await?;
        }
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(Ok(after))
    }
}

/// What merchants, payers and testers may ask.
pub fn router(wallet: Wallet) -> Router {
    let provider = merchant::router()
        .merge(payer::router())
        .layer(middleware::from_fn_with_state(wallet.clone(), troubled))
        .layer(DefaultBodyLimit::max(BODY_MAX));
    provider.merge(control::router()).with_state(wallet)
}

/// An outage refuses everything; a slow provider answers late.
async fn troubled(State(wallet): State<Wallet>, request: Request, next: Next) -> Response {
    let weather = match wallet.weather().await {
        Ok(weather) => weather,
        Err(error) => return error.into_response(),
    };
    if weather.outage {
        return (StatusCode::SERVICE_UNAVAILABLE, "the wallet is down\n").into_response();
    }
    let answer = next.run(request).await;
    if let Ok(slow @ 1..) = u64::try_from(weather.slow_ms) {
        wallet.0.world.ctx.clock.sleep(Duration::from_millis(slow)).await;
    }
    answer
}

impl Wallet {
    async fn weather(&self) -> Result<book::Weather, Error> {
        if let Some(known) = *self.0.weather.read().await {
            return Ok(known);
        }
        // Held until it is known: whoever changes it meanwhile comes after.
        let mut known = self.0.weather.write().await;
        let mut tx = self.0.world.pg.read().await?;
        let weather = book::weather(&mut tx).await?;
        *known = Some(weather);
        Ok(weather)
    }
}
