//! What the journal says about sessions: the kiosk remembers nothing else.
use standards::device_journal::Body;

use super::journal::Journal;

/// One payer at the kiosk.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Session {
    pub session_id: String,
    pub bill_reference: String,
    #[serde(skip)]
    pub due_fils: i64,
    pub stacked_fils: i64,
    /// The note in escrow when the journal ended, in fils.
    #[serde(skip)]
    pub escrowed_fils: Option<i64>,
    pub over: bool,
}

/// All sessions, oldest first.
pub fn sessions(journal: &Journal) -> Vec<Session> {
    let mut all: Vec<Session> = Vec::new();
    for body in journal.bodies() {
        apply(&mut all, body);
    }
    all
}

fn apply(all: &mut Vec<Session>, body: Body) {
    let mut change =
        |id: &str, work: &dyn Fn(&mut Session)| all.iter_mut().filter(|s| s.session_id == id).for_each(work);
    match body {
        Body::SessionOpened(opened) => all.push(Session {
            session_id: opened.session_id,
            bill_reference: opened.bill_ref,
            due_fils: opened.due_fils,
            stacked_fils: 0,
            escrowed_fils: None,
            over: false,
        }),
        Body::CashEscrowed(cash) => change(&cash.session_id, &|s| s.escrowed_fils = Some(cash.denom_fils)),
        Body::CashReturned(cash) => change(&cash.session_id, &|s| s.escrowed_fils = None),
        Body::CashStacked(cash) => change(&cash.session_id, &|s| {
            s.escrowed_fils = None;
            s.stacked_fils = s.stacked_fils.saturating_add(cash.denom_fils);
        }),
        Body::SessionCommitted(end) => change(&end.session_id, &|s| s.over = true),
        Body::SessionCancelled(end) | Body::SessionTimedOut(end) => {
            change(&end.session_id, &|s| s.over = true);
        }
        Body::CashResolved(_)
        | Body::ReceiptPrinted(_)
        | Body::DeviceBooted(_)
        | Body::JournalEpoch(_)
        | Body::Other(..) => {}
    }
}

/// The session that is not over.
pub fn current(journal: &Journal) -> Option<Session> {
    sessions(journal).into_iter().rev().find(|session| !session.over)
}

/// How many receipts were printed from the kiosk's own block.
pub fn receipts(journal: &Journal) -> usize {
    journal.bodies().filter(|body| matches!(body, Body::SessionCommitted(_))).count()
}
