//! What an agency keeps about a person: shown, or erased. Both are noted in the same transaction.

use boot::Call;
use boot::wire::time_to_wire;
use ids::UploadId;
use proto::invoicing::v1 as pb;

use super::{Invoicing, blocking, upload_file};
use crate::domain::payer::PayerNumber;
use crate::domain::typed;
use crate::domain::upload::part::Part;
use crate::domain::upload::{Cell, Row};
use crate::person::{self, Party};
use crate::store::privacy::What;
use crate::store::upload_part::SealedPart;
use crate::{Error, events, store, wire};

/// Whose, and why.
#[derive(Clone)]
pub struct Asked {
    pub number: PayerNumber,
    pub reason: String,
}

/// Everything the agency keeps about the person.
///
/// # Errors
/// `PersonUnknown`; the database.
pub async fn export(svc: Invoicing, call: Call, asked: Asked) -> Result<pb::ExportPersonResponse, Error> {
    let agency = call.agency()?;
    let now = svc.ctx.clock.now();
    let mut tx = svc.pg.begin().await?;
    let index = person::payer_index(&svc.master, agency, &asked.number);
    let kept = store::privacy::lock(&mut tx, agency, &index).await?;
    let key = svc.master.unwrap(&kept.wrapped_key);
    let key = key.map_err(|source| Error::Sealed { table: "party", source })?;
    let party = Party { party_ref: kept.party_ref, key };
    let mut bills = Vec::new();
    for reference in store::privacy::bills(&mut tx, kept.party_ref).await? {
        let bill = store::invoice::bill(&mut tx, &reference).await?;
        let facts = person::open_facts(&party, &bill.payer_sealed)?;
        bills.push(pb::PersonBill {
            invoice: Some(wire::invoice(&bill.invoice)),
            name: facts.name,
            phone: facts.phone,
            note: facts.note,
            email: facts.email,
        });
    }
    let looked = (call.actor.as_str(), What::Export, asked.reason.as_str());
    store::privacy::note(&mut tx, (agency, kept.party_ref), looked, now).await?;
    let accesses = store::privacy::accesses(&mut tx, kept.party_ref).await?;
    tx.commit().await?;
    let access = |access: store::privacy::Access| pb::Access {
        at: Some(time_to_wire(access.at)),
        actor: access.actor,
        what: access.what,
        reason: access.reason,
    };
    Ok(pb::ExportPersonResponse {
        cpr: person::open_number(&party, &kept.cpr_sealed)?,
        party_ref: kept.party_ref.to_string(),
        bills,
        accesses: accesses.into_iter().map(access).collect(),
    })
}

/// Nobody reads the person's facts again; bills and books stay.
///
/// # Errors
/// `PersonUnknown`, `PersonHasOpenBills`; the database.
pub async fn erase(svc: Invoicing, call: Call, asked: Asked) -> Result<pb::ErasePersonResponse, Error> {
    let agency = call.agency()?;
    let now = svc.ctx.clock.now();
    let mut tx = svc.pg.begin().await?;
    // Files first, the person second, as a part is issued: two that wait for each other would be rolled back.
    let uploads = store::privacy::lock_uploads(&mut tx, agency).await?;
    let index = person::payer_index(&svc.master, agency, &asked.number);
    let kept = store::privacy::lock(&mut tx, agency, &index).await?;
    let mut open = store::privacy::open_bills(&mut tx, kept.party_ref).await?;
    open = open.saturating_add(store::invoice_draft::open_of(&mut tx, agency, &index).await?);
    let mut rows = 0;
    for id in uploads {
        let found = erase_rows(&svc, &mut tx, id, &asked.number).await?;
        open = open.saturating_add(found.waiting);
        rows += found.erased;
    }
    if open > 0 {
        return Err(Error::PersonHasOpenBills { open });
    }
    let bills = store::privacy::bills(&mut tx, kept.party_ref).await?.len();
    store::privacy::erase(&mut tx, kept.party_ref, svc.ctx.ids.bytes()).await?;
    let erased = (call.actor.as_str(), What::Erase, asked.reason.as_str());
    store::privacy::note(&mut tx, (agency, kept.party_ref), erased, now).await?;
    bus::outbox::push(&mut tx, &[events::person_erased(&svc.ctx.ids, kept.party_ref, now)], now).await?;
    tx.commit().await?;
    svc.bus.ring();
    Ok(pb::ErasePersonResponse {
        party_ref: kept.party_ref.to_string(),
        bills: i32::try_from(bills).unwrap_or(i32::MAX),
        rows,
    })
}

/// Rows of an upload that hold a person's number.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// They wait to become bills.
    waiting: i64,
    /// They were at fault, and are gone.
    erased: i32,
}

/// Takes the rows at fault that hold the number out of an upload, part by part.
async fn erase_rows(
    svc: &Invoicing,
    tx: &mut pg::Tx,
    id: UploadId,
    of: &PayerNumber,
) -> Result<Found, Error> {
    let key = upload_file::key(svc, tx, id).await?;
    let (mut found, mut from) = (Found::default(), 0);
    while let Some(SealedPart { number, sealed }) = store::upload_part::next(tx, id, from).await? {
        from = number + 1;
        let (key, of) = (key.clone(), of.clone());
        let (here, left) = blocking(move || {
            let mut part = person::open_part(&key, id, (number, &sealed))?;
            let here = without(&mut part, &of);
            let seal = || (person::seal_part(&key, id, number, &part), part.references());
            Ok::<_, Error>((here, (here.erased > 0).then(seal)))
        })
        .await??;
        found.waiting += here.waiting;
        found.erased += here.erased;
        if let Some((sealed, references)) = left {
            store::upload_part::save(tx, id, &SealedPart { number, sealed }, &references).await?;
        }
    }
    Ok(found)
}

fn without(part: &mut Part, of: &PayerNumber) -> Found {
    let mut found = Found::default();
    part.rows.retain(|row| {
        if !holds_number(&row.row, of) {
            return true;
        }
        if row.bill.is_some() {
            found.waiting += 1;
            return true;
        }
        found.erased += 1;
        false
    });
    found
}

/// Does any cell hold the number, as a clerk or a spreadsheet writes it?
fn holds_number(row: &Row, of: &PayerNumber) -> bool {
    let holds = |text: &str| match of {
        PayerNumber::Cpr(cpr) => {
            let digits: String = typed::plain(text).chars().filter(char::is_ascii_digit).collect();
            // A spreadsheet eats leading zeros.
            digits.contains(cpr.as_str()) || (digits.len() >= 6 && format!("{digits:0>9}") == cpr.as_str())
        }
        PayerNumber::Cr(cr) => typed::plain(text).contains(cr.as_str()),
    };
    row.cells.iter().any(|cell| match cell {
        Cell::Text(text) | Cell::Number(text) | Cell::Error(text) => holds(text),
        Cell::Empty | Cell::Date(_) => false,
    })
}
