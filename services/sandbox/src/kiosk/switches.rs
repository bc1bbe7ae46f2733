//! The control side: the payer's hand, the power switch, the network switch, and the book of notes.
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use standards::device_journal::{Body, SessionOpened};

use super::acceptor::{channel_of, count};
use super::device::{Kiosk, Kiosks, Network};
use super::host::{PowerCut, Powered};
use super::relay::Heard;
use super::session::{current, sessions};
use crate::Error;

type Answer = Result<Json<Value>, Error>;

/// Everything under `/control/kiosks`.
pub(super) fn router(kiosks: Kiosks) -> Router {
    Router::new()
        .route("/control/kiosks", post(set_up))
        .route("/control/kiosks/{id}/pay", post(pay))
        .route("/control/kiosks/{id}/network", post(network))
        .route("/control/kiosks/{id}/power-on", post(power_on))
        .route("/control/kiosks/{id}/sync", post(sync))
        .route("/control/kiosks/{id}/replay", post(replay))
        .route("/control/kiosks/{id}/snapshot", post(snapshot))
        .route("/control/kiosks/{id}/book", get(book))
        .with_state(kiosks)
}

#[derive(Deserialize)]
struct SetUp {
    device_id: String,
    enrolment_code: String,
    relay_url: String,
    relay_ca_pem: String,
}

async fn set_up(State(kiosks): State<Kiosks>, Json(set_up): Json<SetUp>) -> Answer {
    let SetUp { device_id, enrolment_code, relay_url, relay_ca_pem } = set_up;
    kiosks.set_up(&device_id, &enrolment_code, &relay_url, &relay_ca_pem).await?;
    Ok(Json(json!({ "device_id": device_id })))
}

#[derive(Deserialize)]
struct Pay {
    bill_reference: String,
    notes_fils: Vec<i64>,
    power_cut: Option<PowerCut>,
}

/// A payer comes with notes. Refused before the first note, nothing has happened; from then on it ends well.
async fn pay(State(kiosks): State<Kiosks>, Path(id): Path<String>, Json(pay): Json<Pay>) -> Answer {
    let kiosk = kiosks.find(&id).await?;
    let mut kiosk = kiosk.lock().await;
    if kiosk.acceptor.is_none() || current(&kiosk.journal).is_some() {
        return Err(Error::Conflict("the kiosk has no power, or another payer stands there".to_owned()));
    }
    let channels: Option<Vec<u8>> = pay.notes_fils.iter().map(|fils| channel_of(*fils)).collect();
    let channels = channels.ok_or_else(|| {
        Error::Invalid("there are notes of 500, 1000, 5000, 10000 and 20000 fils".to_owned())
    })?;
    kiosk.open_session(&pay.bill_reference).await?;
    kiosk.hand = channels;
    kiosk.go_on(pay.power_cut)?;
    kiosk.send_if_it_can().await;
    Ok(Json(kiosk.shown()))
}

#[derive(Deserialize)]
struct Switch {
    online: bool,
}

async fn network(State(kiosks): State<Kiosks>, Path(id): Path<String>, Json(switch): Json<Switch>) -> Answer {
    let kiosk = kiosks.find(&id).await?;
    let mut kiosk = kiosk.lock().await;
    kiosk.network = if switch.online { Network::On } else { Network::Off };
    Ok(Json(kiosk.shown()))
}

/// Power comes back: what lay in the acceptor is settled, and the payer, who waited, goes on.
async fn power_on(State(kiosks): State<Kiosks>, Path(id): Path<String>) -> Answer {
    let kiosk = kiosks.find(&id).await?;
    let mut kiosk = kiosk.lock().await;
    kiosk.power_on()?;
    kiosk.send_if_it_can().await;
    Ok(Json(kiosk.shown()))
}

async fn sync(State(kiosks): State<Kiosks>, Path(id): Path<String>) -> Answer {
    let kiosk = kiosks.find(&id).await?;
    let mut kiosk = kiosk.lock().await;
    let sent = kiosk.sync().await?;
    let (head, _) = kiosk.journal.head();
    if kiosk.acknowledged < head {
        return Err(Error::Platform(format!("{} of {head} records are acknowledged", kiosk.acknowledged)));
    }
    Ok(Json(json!({ "sent": sent.records, "acknowledged": kiosk.acknowledged })))
}

/// The whole journal again, from its first record.
async fn replay(State(kiosks): State<Kiosks>, Path(id): Path<String>) -> Answer {
    let kiosk = kiosks.find(&id).await?;
    let kiosk = kiosk.lock().await;
    let sent = kiosk.relay.send(kiosk.journal.after(0)).await?;
    Ok(Json(json!({ "sent": sent.records, "duplicates": sent.duplicates })))
}

#[derive(Deserialize)]
struct Bill {
    bill_reference: String,
}

async fn snapshot(State(kiosks): State<Kiosks>, Path(id): Path<String>, Json(bill): Json<Bill>) -> Answer {
    let kiosk = kiosks.find(&id).await?;
    kiosk.lock().await.fetch(&bill.bill_reference).await?;
    Ok(Json(json!({ "bill_reference": bill.bill_reference })))
}

/// What the acceptor counted, note by note, and what the sessions stacked.
async fn book(State(kiosks): State<Kiosks>, Path(id): Path<String>) -> Answer {
    let kiosk = kiosks.find(&id).await?;
    let kiosk = kiosk.lock().await;
    let counted = count(&kiosk.folder)?;
    let total: i64 = counted.iter().map(|(fils, count)| fils.saturating_mul(*count)).sum();
    let notes: Vec<Value> =
        counted.iter().map(|(fils, count)| json!({ "denomination_fils": fils, "count": count })).collect();
    Ok(Json(json!({ "notes": notes, "total_fils": total, "sessions": sessions(&kiosk.journal) })))
}

impl Kiosk {
    /// Asks what is due, over the network or from the disk, and opens the session.
    async fn open_session(&mut self, bill_reference: &str) -> Result<(), Error> {
        let now = self.world.ctx.clock.now();
        let session_id = self.world.ctx.ids.uuid(now).to_string();
        let kept = self
            .snapshots
            .get(bill_reference)
            .filter(|kept| now < kept.payable_until)
            .map(|kept| kept.due_fils);
        let offline =
            || kept.ok_or_else(|| Error::Conflict("no network, and this bill is not on the disk".to_owned()));
        let due_fils = if self.network == Network::Off {
            offline()?
        } else {
            let body = json!({ "bill_reference": bill_reference, "session_id": session_id });
            match self.relay.post("sessions", &body).await {
                Heard::Answer(answer) => answer.get("due_fils").and_then(Value::as_i64).unwrap_or_default(),
                Heard::Refused(_, said) => return Err(Error::Conflict(said.to_string())),
                Heard::Nothing(_) => offline()?,
            }
        };
        if due_fils <= 0 {
            return Err(Error::Conflict("nothing is due".to_owned()));
        }
        self.write(&Body::SessionOpened(SessionOpened {
            bill_ref: bill_reference.to_owned(),
            due_fils,
            session_id,
        }))
    }

    /// Power comes back: what lay in the acceptor is settled, and the payer, who waited, goes on.
    pub(super) fn power_on(&mut self) -> Result<(), Error> {
        if self.acceptor.is_some() {
            return Ok(());
        }
        let escrowed = current(&self.journal).and_then(|session| session.escrowed_fils);
        let before = current(&self.journal).map_or(0, |session| session.stacked_fils);
        self.boot()?;
        let after = current(&self.journal).map_or(0, |session| session.stacked_fils);
        // A note that came back is in the payer's hand again.
        if let (Some(channel), true) = (escrowed.and_then(channel_of), before == after) {
            self.hand.insert(0, channel);
        }
        self.go_on(None)
    }

    /// Takes the notes in the payer's hand until it is enough.
    pub(super) fn go_on(&mut self, cut: Option<PowerCut>) -> Result<(), Error> {
        let Some(session) = current(&self.journal) else { return Ok(()) };
        let enough =
            |kiosk: &Kiosk| current(&kiosk.journal).is_none_or(|now| now.stacked_fils >= session.due_fils);
        let mut cut = cut;
        while !enough(self) && !self.hand.is_empty() {
            let channel = self.hand.remove(0);
            if self.take_note(channel, cut.take())? == Powered::Off {
                return Ok(());
            }
        }
        self.hand.clear();
        self.end_session().map(drop)
    }

    /// A kiosk whose line is down keeps its records and sends them later.
    async fn send_if_it_can(&mut self) {
        if let Err(error) = self.sync().await {
            tracing::debug!(%error, "a kiosk sends later");
        }
    }

    fn shown(&self) -> Value {
        let (head, _) = self.journal.head();
        json!({ "device_id": self.device_id, "powered": self.acceptor.is_some(), "records": head, "acknowledged": self.acknowledged })
    }
}
