//! What devices send.

use ids::DeviceId;
use serde::Deserialize;
use standards::device_journal::{Hash, Signed};

/// `POST /device/v1/enrol`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// If it is there, it must be the code's device.
    pub device_id: Option<DeviceId>,
    pub code: String,
    pub csr_pem: String,
}

/// `POST /device/v1/hello`
#[derive(Debug, Deserialize)]
pub struct Hello {
    pub epoch: i64,
    pub last_seq: i64,
    pub last_hash: Hash,
    pub boot_id: String,
    pub fw: String,
    /// A claim, kept in the log only.
    pub device_time: String,
}

/// `GET /device/v1/bills?ref=`
#[derive(Debug, Deserialize)]
pub struct BillQuery {
    #[serde(rename = "ref")]
    pub reference: String,
}

/// `POST /device/v1/sessions`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    pub bill_reference: String,
    pub session_id: String,
}

/// `POST /device/v1/journal`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    pub epoch: i64,
    pub records: Vec<Signed>,
}
