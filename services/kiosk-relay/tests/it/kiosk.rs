//! A kiosk's side of the wire, no more than a test needs: key, certificate, journal.

use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};
use standards::device_journal::{Hash, Record, Signed, SigningKey, genesis};

#[derive(Clone)]
pub struct Kiosk {
    pub device_id: String,
    pub key: SigningKey,
    base: String,
    ca_pem: String,
    http: reqwest::Client,
    pub epoch: i64,
    pub seq: i64,
    pub last: Hash,
    /// Everything it ever wrote.
    pub journal: Vec<Signed>,
}

/// What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410).
const PKCS8_OF_ED25519: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Keys differ by serial.
fn key_of(device_id: &str) -> SigningKey {
    let mut seed = [7; 32];
    seed.iter_mut().zip(device_id.bytes()).for_each(|(place, byte)| *place = byte);
    SigningKey::from_bytes(&seed)
}

impl Kiosk {
    pub fn new(device_id: &str, base: &str, ca_pem: &str) -> Kiosk {
        Kiosk {
            device_id: device_id.to_owned(),
            key: key_of(device_id),
            base: base.to_owned(),
            ca_pem: ca_pem.to_owned(),
            http: client(ca_pem, None),
            epoch: 1,
            seq: 0,
            last: genesis(device_id, 1),
            journal: Vec::new(),
        }
    }

    fn key_pair(&self) -> KeyPair {
        let der = [PKCS8_OF_ED25519.as_slice(), &self.key.to_bytes()].concat();
        KeyPair::try_from(&PrivatePkcs8KeyDer::from(der)).unwrap()
    }

    pub fn csr_pem(&self) -> String {
        CertificateParams::default().serialize_request(&self.key_pair()).unwrap().pem().unwrap()
    }

    /// Enrols, and from then on shows the certificate it got.
    pub async fn enrol(&mut self, code: &str) -> (u16, Value) {
        let body = json!({ "device_id": self.device_id, "code": code, "csr_pem": self.csr_pem() });
        let (status, answer) = self.post("enrol", &body).await;
        if let Some(certificate) = answer["certificate_pem"].as_str() {
            let identity = format!("{certificate}{}", self.key_pair().serialize_pem());
            self.http = client(&self.ca_pem, Some(&identity));
        }
        (status, answer)
    }

    /// The same kiosk without its certificate.
    pub fn anonymous(&self) -> Kiosk {
        Kiosk { http: client(&self.ca_pem, None), ..self.clone() }
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/device/v1/{path}", self.base);
        let answer = self.http.post(url).body(body.to_string()).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.http.get(format!("{}/device/v1/{path}", self.base)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Writes the next record.
    pub fn write(&mut self, kind: &str, body: &Value) -> Signed {
        let signed = self.record(self.seq + 1, self.last, kind, body);
        self.seq += 1;
        self.last = signed.hash;
        self.journal.push(signed.clone());
        signed
    }

    /// A record at any place, well signed.
    pub fn record(&self, seq: i64, prev: Hash, kind: &str, body: &Value) -> Signed {
        let record = Record {
            at: "2026-10-05T11:30:01Z".into(),
            body: body.as_object().unwrap().clone(),
            boot_id: "b-1".into(),
            device_id: self.device_id.clone(),
            epoch: self.epoch,
            mono_ms: seq * 1_000,
            prev,
            seq,
            kind: kind.to_owned().into(),
        };
        record.sign(&self.key).unwrap()
    }

    pub fn open(&mut self, session: &str, bill: &str) -> Signed {
        self.write("session.opened", &json!({ "session_id": session, "bill_ref": bill, "due_fils": 5_250 }))
    }

    pub fn stack(&mut self, session: &str, fils: i64) -> Signed {
        let body = json!({ "session_id": session, "denom_fils": fils, "kind": "note", "device_event": "E1",
            "unit_id": "CB-1", "unit_generation": 4 });
        self.write("cash.stacked", &body)
    }

    pub fn commit(&mut self, session: &str) -> Signed {
        let body = json!({ "session_id": session, "applied_fils": 1, "overpaid_fils": 0, "receipt_no": "R-1",
            "tendered_fils": 1 });
        self.write("session.committed", &body)
    }

    /// A whole session of a bill: opened, two notes, committed.
    pub fn session(&mut self, session: &str, bill: &str) -> Vec<Signed> {
        vec![
            self.open(session, bill),
            self.stack(session, 5_000),
            self.stack(session, 500),
            self.commit(session),
        ]
    }

    pub async fn send(&self, records: &[Signed]) -> (u16, Value) {
        let epoch = records.first().map_or(self.epoch, |signed| signed.record.epoch);
        self.post("journal", &json!({ "epoch": epoch, "records": records })).await
    }

    /// Sends, and wants these results.
    pub async fn sends(&self, records: &[Signed], results: &[&str]) -> Value {
        let (status, answer) = self.send(records).await;
        assert_eq!(status, 200, "{answer}");
        let said: Vec<_> =
            answer["results"].as_array().unwrap().iter().map(|r| r["result"].clone()).collect();
        assert_eq!(said, results, "{answer}");
        answer
    }
}

fn client(ca_pem: &str, identity: Option<&str>) -> reqwest::Client {
    let root = reqwest::Certificate::from_pem(ca_pem.as_bytes()).unwrap();
    let builder = reqwest::Client::builder().tls_certs_only([root]);
    let builder = match identity {
        Some(pem) => builder.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap()),
        None => builder,
    };
    builder.build().unwrap()
}
