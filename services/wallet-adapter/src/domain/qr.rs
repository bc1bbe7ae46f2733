//! The code a payer scans to pay one attempt.

use ids::{AgencyId, AttemptId};
use money::Money;
use standards::emv_qr::{self, Bill, BuildError, LocalName};

use super::reference;

/// Our reverse domain in the code.
const GUID: &str = "bh.gov.mizan";
/// Services of the state.
const CATEGORY: &str = "9399";

/// Who is paid, in both languages, as the code prints it.
#[derive(Clone, Debug)]
pub struct Payee {
    pub name: String,
    pub city: String,
    pub name_ar: String,
    pub city_ar: String,
}

/// What the code of one attempt says.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a> {
    pub attempt: AttemptId,
    pub amount: Money,
    pub agency: &'a AgencyId,
    pub bill_reference: &'a str,
}

/// The text of the code.
///
/// # Errors
/// A field that the code cannot hold.
pub fn payload(scan: &Scan<'_>, payee: &Payee) -> Result<String, BuildError> {
    emv_qr::build(&Bill {
        guid: GUID.to_owned(),
        agency: scan.agency.to_string(),
        category_code: CATEGORY.to_owned(),
        amount: scan.amount.to_json_amount(),
        name: payee.name.clone(),
        city: payee.city.clone(),
        bill: scan.bill_reference.to_owned(),
        reference: Some(reference::short(scan.attempt)),
        terminal: None,
        local: Some(LocalName {
            language: "AR".to_owned(),
            name: payee.name_ar.clone(),
            city: payee.city_ar.clone(),
        }),
    })
}
