//! What an agency keeps about a person: shown, or erased. Both are noted in the same transaction.

use boot::Call;
use boot::wire::time_to_wire;
use proto::invoicing::v1 as pb;
use standards::references::Cpr;

use super::{Invoicing, blocking};
use crate::domain::typed;
use crate::domain::upload::{Cell, Sheet};
use crate::person::{self, Party};
use crate::store::privacy::What;
use crate::{Error, store, wire};

/// Whose, and why.
#[derive(Clone)]
pub struct Asked {
    pub cpr: Cpr,
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
    let index = person::cpr_index(&svc.master, agency, &asked.cpr);
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
        cpr: person::open_cpr(&party, &kept.cpr_sealed)?,
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
    let index = person::cpr_index(&svc.master, agency, &asked.cpr);
    let kept = store::privacy::lock(&mut tx, agency, &index).await?;
    let open = store::privacy::open_bills(&mut tx, kept.party_ref).await?;
    if open > 0 {
        return Err(Error::PersonHasOpenBills { open });
    }
    let sheets = store::privacy::sheets(&mut tx, agency).await?;
    let (master, cpr) = (svc.master.clone(), asked.cpr.clone());
    let with_number = blocking(move || {
        let mut found = Vec::new();
        for (id, sealed) in &sheets {
            let key = master.unwrap(&sealed.wrapped_key);
            let key = key.map_err(|source| Error::Sealed { table: "upload", source })?;
            if holds_number(&person::open_sheet(&key, *id, &sealed.sealed)?, &cpr) {
                found.push(*id);
            }
        }
        Ok::<_, Error>(found)
    })
    .await??;
    let bills = store::privacy::bills(&mut tx, kept.party_ref).await?.len();
    store::privacy::forget_sheets(&mut tx, &with_number).await?;
    store::privacy::erase(&mut tx, kept.party_ref, svc.ctx.ids.bytes()).await?;
    let erased = (call.actor.as_str(), What::Erase, asked.reason.as_str());
    store::privacy::note(&mut tx, (agency, kept.party_ref), erased, now).await?;
    tx.commit().await?;
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    Ok(pb::ErasePersonResponse {
        party_ref: kept.party_ref.to_string(),
        bills: count(bills),
        sheets: count(with_number.len()),
    })
}

/// Does any cell hold the number, as a clerk or a spreadsheet writes it?
fn holds_number(sheet: &Sheet, cpr: &Cpr) -> bool {
    let holds = |text: &str| {
        let digits: String = typed::plain(text).chars().filter(char::is_ascii_digit).collect();
        // A spreadsheet eats leading zeros.
        digits.contains(cpr.as_str()) || (digits.len() >= 6 && format!("{digits:0>9}") == cpr.as_str())
    };
    let cells = sheet.rows.iter().flat_map(|row| &row.cells);
    cells.into_iter().any(|cell| match cell {
        Cell::Text(text) | Cell::Number(text) | Cell::Error(text) => holds(text),
        Cell::Empty | Cell::Date(_) => false,
    })
}
