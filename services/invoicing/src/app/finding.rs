//! All open bills of a person or company, for somebody who knows more of that person than the number.

use proto::invoicing::v1 as pb;

use super::{Invoicing, bill};
use crate::domain::finding::{MAX_BILLS, MAX_MISSES, MISSES_COUNT, Proof, TAKES};
use crate::domain::payer::PayerNumber;
use crate::person;
use crate::{Error, store};

/// The bills; none as well when the proof is wrong, or too many were. Every answer takes equally long.
///
/// # Errors
/// The database is away.
pub async fn find(svc: &Invoicing, number: &PayerNumber, proof: &Proof) -> Result<Vec<pb::Bill>, Error> {
    let begun = svc.ctx.clock.monotonic();
    let found = look(svc, number, proof).await;
    let took = svc.ctx.clock.monotonic().saturating_sub(begun);
    svc.ctx.clock.sleep(TAKES.saturating_sub(took)).await;
    found
}

async fn look(svc: &Invoicing, number: &PayerNumber, proof: &Proof) -> Result<Vec<pb::Bill>, Error> {
    let now = svc.ctx.clock.now();
    let who = person::finding_index(&svc.master, number);
    let since = now - MISSES_COUNT;
    let mut tx = svc.pg.begin().await?;
    store::finding::lock(&mut tx, &who).await?;
    if store::finding::misses(&mut tx, &who, since).await? >= MAX_MISSES {
        tx.rollback().await?;
        return Ok(Vec::new());
    }
    let agencies = store::finding::agencies(&mut tx).await?;
    let index = |agency| person::payer_index(&svc.master, agency, number).to_vec();
    let indexes: Vec<Vec<u8>> = agencies.iter().map(index).collect();
    let parties = store::finding::parties(&mut tx, &indexes).await?;
    let mut bills = Vec::new();
    let proven = match proof {
        Proof::Reference(reference) => store::finding::owns(&mut tx, &parties, reference).await?,
        // Each bill is proven by its own phone.
        Proof::PhoneEnd(_) => true,
    };
    if proven {
        for reference in store::finding::open_bills(&mut tx, &parties, MAX_BILLS).await? {
            let found = store::invoice::bill(&mut tx, &reference).await?;
            if shows(svc, &found, proof)? {
                bills.push(bill::seen(svc, &found)?);
            }
        }
    }
    if bills.is_empty() && !(proven && matches!(proof, Proof::Reference(_))) {
        store::finding::miss(&mut tx, &who, now, since).await?;
    }
    tx.commit().await?;
    Ok(bills)
}

fn shows(svc: &Invoicing, found: &store::invoice::Bill, proof: &Proof) -> Result<bool, Error> {
    match proof {
        Proof::Reference(_) => Ok(true),
        Proof::PhoneEnd(digits) => {
            let facts = bill::payer(svc, found)?;
            Ok(facts.is_some_and(|facts| facts.phone.ends_with(digits.as_str())))
        }
    }
}
