//! One kiosk: its folder, its parts, its line to the platform.
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use standards::device_journal::{Body, ReceiptLine, Signature, SigningKey, VerifyingKey, canonical};
use standards::ssp::SequenceBit;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Mutex;

use super::acceptor::Acceptor;
use super::disk;
use super::host::FIRST;
use super::journal::{EPOCH, Journal, Moment};
use super::relay::{Heard, Relay, Sent};
use super::session::Session;
use crate::{Error, World};

/// What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410).
const PKCS8_OF_ED25519: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// How often a kiosk that is online tries to send what is not acknowledged.
const SEND_EVERY: Duration = Duration::from_millis(500);

/// What a kiosk was told when it was set up; on its disk as JSON.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct SetUp {
    pub relay_url: String,
    pub relay_ca_pem: String,
    pub certificate_pem: String,
    /// Signs bills; hex.
    pub bill_key: String,
}

/// One kiosk.
#[derive(Debug)]
pub struct Kiosk {
    pub(super) device_id: String,
    pub(super) folder: PathBuf,
    pub(super) world: World,
    pub(super) journal: Journal,
    /// None: the power is off.
    pub(super) acceptor: Option<Acceptor>,
    pub(super) sequence: SequenceBit,
    pub(super) boots: u32,
    pub(super) network: Network,
    /// Records 1 to this are acknowledged.
    pub(super) acknowledged: i64,
    pub(super) relay: Relay,
    bill_key: VerifyingKey,
    /// Signed bills for times without network.
    pub(super) snapshots: BTreeMap<String, Snapshot>,
    /// Notes that the payer still holds in the hand; it is the payer's, not the kiosk's.
    pub(super) hand: Vec<u8>,
}

/// The network switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    On,
    Off,
}

/// A bill as it was signed.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub due_fils: i64,
    pub payable_until: OffsetDateTime,
}

/// All kiosks of the world.
#[derive(Clone, Debug)]
pub struct Kiosks {
    pub(super) world: World,
    pub(super) all: Arc<Mutex<BTreeMap<String, Arc<Mutex<Kiosk>>>>>,
}

impl Kiosks {
    /// Those that were set up before, switched on.
    ///
    /// # Errors
    /// What they hold cannot be read.
    pub async fn open(world: &World) -> Result<Kiosks, Error> {
        let kiosks = Kiosks { world: world.clone(), all: Arc::default() };
        let folder = world.data_dir.join("kiosks");
        std::fs::create_dir_all(&folder)?;
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(set_up) = disk::content(&entry.path().join("set-up.json"))? {
                let set_up: SetUp = serde_json::from_slice(&set_up).map_err(io::Error::other)?;
                let mut kiosk = Kiosk::open(world, &name, &set_up)?;
                kiosk.boot()?;
                // Whoever stood there has gone.
                kiosk.end_session()?;
                kiosks.all.lock().await.insert(name, Arc::new(Mutex::new(kiosk)));
            }
        }
        Ok(kiosks)
    }

    /// A kiosk by its serial.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find(&self, device_id: &str) -> Result<Arc<Mutex<Kiosk>>, Error> {
        let found = self.all.lock().await.get(device_id).cloned();
        found.ok_or_else(|| Error::NotFound(format!("the kiosk {device_id}")))
    }

    /// Enrols a new kiosk with its one-time code. Set up again with the same key, it is the same kiosk.
    ///
    /// # Errors
    /// `Invalid`, or `Platform` with what the platform said.
    pub async fn set_up(
        &self,
        device_id: &str,
        code: &str,
        relay_url: &str,
        ca_pem: &str,
    ) -> Result<(), Error> {
        let mut all = self.all.lock().await;
        if all.contains_key(device_id) {
            return Ok(());
        }
        let plain = !device_id.is_empty()
            && device_id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-');
        if !plain {
            return Err(Error::Invalid("a serial has capitals, digits and hyphens".to_owned()));
        }
        let folder = self.world.data_dir.join("kiosks").join(device_id);
        std::fs::create_dir_all(&folder)?;
        let key = own_key(&self.world, &folder)?;
        let request =
            CertificateParams::default().serialize_request(&key_pair(&key)?).map_err(io::Error::other)?;
        let csr_pem = request.pem().map_err(io::Error::other)?;
        let body = json!({ "device_id": device_id, "code": code, "csr_pem": csr_pem });
        let answer = match Relay::new(relay_url, ca_pem, None)?.post("enrol", &body).await {
            Heard::Answer(answer) => answer,
            Heard::Refused(status, said) => return Err(Error::Platform(format!("{status} {said}"))),
            Heard::Nothing(why) => return Err(Error::Platform(why)),
        };
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        let set_up = SetUp {
            relay_url: relay_url.to_owned(),
            relay_ca_pem: ca_pem.to_owned(),
            certificate_pem: text("certificate_pem"),
            bill_key: text("bill_key"),
        };
        disk::replace(&folder.join("set-up.json"), &serde_json::to_vec(&set_up).map_err(io::Error::other)?)?;
        let mut kiosk = Kiosk::open(&self.world, device_id, &set_up)?;
        kiosk.boot()?;
        all.insert(device_id.to_owned(), Arc::new(Mutex::new(kiosk)));
        Ok(())
    }

    /// Sends what is not acknowledged, again and again, as kiosks that are online do.
    pub fn keep_sending(&self) {
        let kiosks = self.clone();
        let (clock, tasks) = (self.world.ctx.clock.clone(), self.world.ctx.tasks.clone());
        self.world.ctx.tasks.spawn("kiosks send", async move {
            loop {
                tokio::select! {
                    () = clock.sleep(SEND_EVERY) => {}
                    () = tasks.stopping().cancelled_owned() => return,
                }
                let all: Vec<_> = kiosks.all.lock().await.values().cloned().collect();
                for kiosk in all {
                    if let Err(error) = kiosk.lock().await.sync().await {
                        tracing::debug!(%error, "a kiosk could not send");
                    }
                }
            }
        });
    }
}

fn own_key(world: &World, folder: &std::path::Path) -> io::Result<SigningKey> {
    let path = folder.join("key");
    let stored = disk::content(&path)?.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    if let Some(seed) = stored {
        return Ok(SigningKey::from_bytes(&seed));
    }
    let seed = world.ctx.ids.bytes::<32>();
    disk::replace(&path, &seed)?;
    Ok(SigningKey::from_bytes(&seed))
}

pub(super) fn key_pair(key: &SigningKey) -> io::Result<KeyPair> {
    let der = [PKCS8_OF_ED25519.as_slice(), &key.to_bytes()].concat();
    KeyPair::try_from(der).map_err(io::Error::other)
}

impl Kiosk {
    /// From its folder; the power is off.
    pub(super) fn open(world: &World, device_id: &str, set_up: &SetUp) -> Result<Kiosk, Error> {
        let folder = world.data_dir.join("kiosks").join(device_id);
        let key = own_key(world, &folder)?;
        let identity = format!("{}{}", set_up.certificate_pem, key_pair(&key)?.serialize_pem());
        let bytes = hex::decode(&set_up.bill_key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bill_key = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        Ok(Kiosk {
            device_id: device_id.to_owned(),
            world: world.clone(),
            journal: Journal::open(&folder, device_id, key)?,
            folder,
            acceptor: None,
            sequence: FIRST,
            boots: 0,
            network: Network::On,
            acknowledged: 0,
            relay: Relay::new(&set_up.relay_url, &set_up.relay_ca_pem, Some(&identity))?,
            bill_key: bill_key
                .ok_or_else(|| Error::Invalid("the platform's key for bills is none".to_owned()))?,
            snapshots: BTreeMap::new(),
            hand: Vec::new(),
        })
    }

    /// Writes a record with the kiosk's own clocks.
    pub(super) fn write(&mut self, body: &Body) -> Result<(), Error> {
        let clock = &self.world.ctx.clock;
        let moment = Moment {
            at: clock.now().format(&Rfc3339).map_err(io::Error::other)?,
            boot_id: format!("b-{}", self.boots),
            mono_ms: i64::try_from(clock.monotonic().as_millis()).unwrap_or(i64::MAX),
        };
        Ok(self.journal.write(moment, body)?)
    }

    /// Prints the payer's signed receipt.
    pub(super) fn print(&self, session: &Session, receipt_no: &str) -> Result<(), Error> {
        let line = ReceiptLine {
            receipt_no: receipt_no.to_owned(),
            bill_ref: session.bill_reference.clone(),
            paid_fils: session.due_fils,
            at: self.world.ctx.clock.now().format(&Rfc3339).map_err(io::Error::other)?,
            device_id: self.device_id.clone(),
            epoch: EPOCH,
        };
        let printed = line.sign(self.journal.key()).map_err(io::Error::other)?;
        Ok(disk::append(&self.folder.join("printer.txt"), &printed)?)
    }

    /// Sends what is not acknowledged yet; nothing while power or network is off.
    pub(super) async fn sync(&mut self) -> Result<Sent, Error> {
        if self.network == Network::Off || self.acceptor.is_none() {
            return Ok(Sent::default());
        }
        let sent = self.relay.send(self.journal.after(self.acknowledged)).await?;
        self.acknowledged = self.acknowledged.max(sent.acknowledged);
        Ok(sent)
    }

    /// Fetches a bill, checks that the platform signed it, and keeps it.
    pub(super) async fn fetch(&mut self, bill_reference: &str) -> Result<(), Error> {
        let answer = match self.relay.bill(bill_reference).await {
            Heard::Answer(answer) => answer,
            Heard::Refused(_, said) => return Err(Error::Conflict(said.to_string())),
            Heard::Nothing(why) => return Err(Error::Platform(why)),
        };
        let forged = || Error::Platform("a bill that the platform did not sign".to_owned());
        let snapshot = answer.get("snapshot").ok_or_else(forged)?;
        let signature: Signature = answer
            .get("signature")
            .and_then(|signature| serde_json::from_value(signature.clone()).ok())
            .ok_or_else(forged)?;
        let text = canonical(snapshot).map_err(io::Error::other)?;
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.bill_key.verify_strict(text.as_bytes(), &signature).map_err(|_error| forged())?;
        let due_fils = snapshot.get("due_fils").and_then(Value::as_i64).ok_or_else(forged)?;
        let until = snapshot.get("payable_until").and_then(Value::as_str).unwrap_or("");
        let payable_until = OffsetDateTime::parse(until, &Rfc3339).map_err(io::Error::other)?;
        self.snapshots.insert(bill_reference.to_owned(), Snapshot { due_fils, payable_until });
        Ok(())
    }
}
