//! Use cases: load, decide, store, tell, commit.

pub mod amend;
pub mod amend_invoice;
pub mod bill;
pub mod calendar;
pub mod check_upload;
pub mod corrections;
pub mod create_upload;
pub mod credit_note;
pub mod document;
pub mod expiry;
pub mod finding;
pub mod invoice;
pub mod invoice_draft;
pub mod issue;
pub mod issue_invoice;
pub mod issue_upload;
pub mod judge;
pub mod late;
pub mod notices;
pub mod party;
pub mod privacy;
pub mod receivable;
pub mod upload;
pub mod upload_file;
pub mod upload_preview;
pub mod upload_template;
pub mod upload_work;
pub mod withdraw_upload;

use std::sync::Arc;
use std::time::Duration;

use boot::locale::Texts;
use boot::seal::MasterKey;
use boot::{Call, Context, Panicked};
use bus::Bus;
use pg::Pg;
use tokio::sync::{Notify, Semaphore};

use crate::catalogue::Catalogue;
use crate::document::Press;
use crate::notifications::Notifications;
use crate::payments::Payments;
use crate::store::idempotency::Claim;
use crate::{Error, store};

/// Files that arrive at the same time; more are asked to come back.
pub(crate) const UPLOADS_AT_ONCE: usize = 8;

/// Rows of all uploads that are at work at the same time: one of the longest, or many short ones.
pub(crate) const ROWS_AT_ONCE: usize = 1_200_000;

/// Documents that are printed or wait for it at the same time; more are asked to come back.
pub(crate) const PRINTS_AT_ONCE: usize = 32;

/// The service, as its use cases see it. Clones share everything.
#[derive(Clone)]
pub struct Invoicing {
    pub(crate) ctx: Context,
    pub(crate) pg: Pg,
    pub(crate) bus: Bus,
    pub(crate) catalogue: Catalogue,
    pub(crate) payments: Payments,
    pub(crate) notifications: Notifications,
    /// Days before (below zero) and after a due date on which payers are reminded.
    pub(crate) reminder_days: Arc<[i16]>,
    /// Rung when somebody is to be told; forgetting it costs some minutes.
    pub(crate) notice_bell: Arc<Notify>,
    /// Rung when a draft may be due; forgetting it costs some minutes.
    pub(crate) draft_bell: Arc<Notify>,
    pub(crate) master: MasterKey,
    pub(crate) texts: Arc<Texts>,
    pub(crate) max_upload_bytes: usize,
    pub(crate) sheets_kept: Duration,
    /// Room for files that arrive.
    pub(crate) upload_room: Arc<Semaphore>,
    /// Room for one workbook: it is read in memory as a whole.
    pub(crate) workbook_room: Arc<Semaphore>,
    /// Room for rows of uploads at work.
    pub(crate) rows_room: Arc<Semaphore>,
    pub(crate) gates: Arc<upload_work::Gates>,
    pub(crate) press: Arc<Press>,
    pub(crate) document_texts: Arc<Texts>,
    /// Room for documents being printed: each keeps a processor busy.
    pub(crate) press_room: Arc<Semaphore>,
    pub(crate) portal_url: Arc<str>,
}

impl Invoicing {
    /// How twins of this call are recognised: by who calls, what, and a hash of `body`, its canonical form.
    fn claim(&self, call: &Call, operation: &'static str, body: &[impl AsRef<str>]) -> Result<Claim, Error> {
        let caller = format!("{} {}", call.agency()?, call.actor);
        // The length before each part keeps ("ab", "c") and ("a", "bc") apart.
        let lengths = body.iter().map(|part| part.as_ref().len().to_string());
        let parts: Vec<String> =
            lengths.zip(body).map(|(length, part)| format!("{length}:{}", part.as_ref())).collect();
        let body_hash = crate::person::body_hash(&self.master, parts.concat().as_bytes());
        Ok(Claim { caller, operation, key: call.key()?.to_owned(), body_hash })
    }
}

/// The answer that a call got before, if it got one; its key stays as free as it was.
async fn first_answer<M: prost::Message + Default>(
    svc: &Invoicing,
    claim: &Claim,
) -> Result<Option<M>, Error> {
    let mut tx = svc.pg.begin().await?;
    let first = store::idempotency::claim(&mut tx, claim, svc.ctx.clock.now()).await?;
    tx.rollback().await?;
    first.map(|first| decoded(&first)).transpose()
}

/// Runs work that keeps a processor busy where it holds up nobody else.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.ok().ok_or(Error::Panicked(Panicked))
}

/// The first answer, as it was stored.
fn decoded<M: prost::Message + Default>(stored: &[u8]) -> Result<M, Error> {
    M::decode(stored).ok().ok_or(Error::Corrupt { table: "idempotency" })
}
