//! Sealing what is personal. The context names table, column and person, so that nothing sealed can stand in another's
//! place.

use boot::seal::{DataKey, MasterKey};
use ids::{AgencyId, InvoiceDraftId, PartyRef, UploadId};

use crate::Error;
use crate::domain::payer::{Language, PayerFacts, PayerNumber};
use crate::domain::upload::part::Part;

/// A person inside an agency, and the key of what is kept about them.
pub struct Party {
    pub party_ref: PartyRef,
    pub key: DataKey,
}

/// Finds the same person again inside the agency, and links nobody across agencies.
pub fn payer_index(master: &MasterKey, agency: &AgencyId, number: &PayerNumber) -> [u8; 32] {
    master.blind_index(b"cpr", format!("{agency}:{}", number.as_str()))
}

/// Recognises a number that was tried, over all agencies, and links it to none of them.
pub fn finding_index(master: &MasterKey, number: &PayerNumber) -> [u8; 32] {
    master.blind_index(b"finding", number.as_str())
}

/// Tells two addresses of a person apart, and neither.
pub fn contact_index(master: &MasterKey, email: &str, language: Language) -> [u8; 32] {
    master.blind_index(b"contact", format!("{language:?}:{email}"))
}

/// A hash of a request that may name a person: keyed, because nine digits are quickly tried.
pub fn body_hash(master: &MasterKey, body: &[u8]) -> [u8; 32] {
    master.blind_index(b"idempotency", body)
}

pub fn seal_number(key: &DataKey, party: PartyRef, number: &PayerNumber) -> Vec<u8> {
    key.seal(number.as_str().as_bytes(), context("party.cpr", party).as_bytes())
}

/// # Errors
/// `Sealed` or `Corrupt`.
pub fn open_number(party: &Party, sealed: &[u8]) -> Result<String, Error> {
    let table = "party";
    let plain = party.key.open(sealed, context("party.cpr", party.party_ref).as_bytes());
    let plain = plain.map_err(|source| Error::Sealed { table, source })?;
    String::from_utf8(plain.clone()).ok().ok_or(Error::Corrupt { table })
}

pub fn seal_facts(party: &Party, facts: &PayerFacts) -> Vec<u8> {
    let plain = serde_json::to_vec(facts).expect("three strings are JSON");
    party.key.seal(&plain, context("payer", party.party_ref).as_bytes())
}

/// # Errors
/// `Sealed` or `Corrupt`.
pub fn open_facts(party: &Party, sealed: &[u8]) -> Result<PayerFacts, Error> {
    let table = "invoice";
    let plain = party
        .key
        .open(sealed, context("payer", party.party_ref).as_bytes())
        .map_err(|source| Error::Sealed { table, source })?;
    serde_json::from_slice(&plain).ok().ok_or(Error::Corrupt { table })
}

pub fn seal_part(key: &DataKey, upload: UploadId, number: i32, part: &Part) -> Vec<u8> {
    let plain = serde_json::to_vec(part).expect("cells and prices are JSON");
    key.seal(&plain, part_context(upload, number).as_bytes())
}

/// # Errors
/// `Sealed` or `Corrupt`.
pub fn open_part(key: &DataKey, upload: UploadId, (number, sealed): (i32, &[u8])) -> Result<Part, Error> {
    let table = "upload_part";
    let plain = key.open(sealed, part_context(upload, number).as_bytes());
    let plain = plain.map_err(|source| Error::Sealed { table, source })?;
    serde_json::from_slice(&plain).ok().ok_or(Error::Corrupt { table })
}

pub fn seal_piece(key: &DataKey, upload: UploadId, number: i32, piece: &[u8]) -> Vec<u8> {
    key.seal(piece, piece_context(upload, number).as_bytes())
}

/// # Errors
/// `Sealed`.
pub fn open_piece(key: &DataKey, upload: UploadId, (number, sealed): (i32, &[u8])) -> Result<Vec<u8>, Error> {
    let plain = key.open(sealed, piece_context(upload, number).as_bytes());
    plain.map_err(|source| Error::Sealed { table: "upload_piece", source })
}

/// The request of a draft.
pub fn seal_draft(key: &DataKey, draft: InvoiceDraftId, request: &[u8]) -> Vec<u8> {
    key.seal(request, format!("invoice_draft {draft}").as_bytes())
}

/// # Errors
/// `Sealed`.
pub fn open_draft(key: &DataKey, draft: InvoiceDraftId, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let plain = key.open(sealed, format!("invoice_draft {draft}").as_bytes());
    plain.map_err(|source| Error::Sealed { table: "invoice_draft", source })
}

fn part_context(upload: UploadId, number: i32) -> String {
    format!("upload_part {upload} {number}")
}

fn piece_context(upload: UploadId, number: i32) -> String {
    format!("upload_piece {upload} {number}")
}

fn context(what: &str, party: PartyRef) -> String {
    format!("{what} {party}")
}
