//! Who calls, for which agency, and with which idempotency key: carried in gRPC metadata.

use ::ids::AgencyId;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};

use crate::Problem;

const AGENCY: &str = "mizan-agency";
const ACTOR: &str = "mizan-actor";
const KEY: &str = "idempotency-key";

/// The longest idempotency key we take, in characters.
pub const KEY_MAX: usize = 255;

/// Who calls, for which agency, and with which idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The agency whose data the call may touch; none for the platform's own and for payers.
    pub agency: Option<AgencyId>,
    /// Who acts, an opaque id for the audit: `client:…`, `staff:…`, `service:payments`. No personal data.
    pub actor: String,
    /// The caller's key: the same key with the same request has one effect.
    pub idempotency_key: Option<String>,
}

impl Call {
    /// A call of `actor` for no agency and without a key.
    pub fn by(actor: impl Into<String>) -> Call {
        Call { agency: None, actor: actor.into(), idempotency_key: None }
    }

    /// The same, for an agency.
    #[must_use]
    pub fn for_agency(mut self, agency: AgencyId) -> Call {
        self.agency = Some(agency);
        self
    }

    /// The same, with an idempotency key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Call {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Reads the caller's metadata. An absent actor is `anonymous`.
    ///
    /// # Errors
    /// `InvalidArgument` when a value is there but is not what it should be.
    pub fn from_metadata(metadata: &MetadataMap) -> Result<Call, Problem> {
        let agency = match text(metadata, AGENCY)? {
            Some(agency) => {
                Some(agency.parse::<AgencyId>().map_err(|error| Problem::from(error).field(AGENCY))?)
            }
            None => None,
        };
        let idempotency_key = text(metadata, KEY)?.map(checked_key).transpose()?;
        let actor = text(metadata, ACTOR)?.unwrap_or("anonymous").to_owned();
        Ok(Call { agency, actor, idempotency_key })
    }

    /// Writes the call into an outgoing request's metadata.
    ///
    /// # Errors
    /// `InvalidArgument` when the key or the actor has characters that metadata cannot carry.
    pub fn attach<T>(&self, request: &mut tonic::Request<T>) -> Result<(), Problem> {
        let metadata = request.metadata_mut();
        metadata.insert(ACTOR, value(ACTOR, &self.actor)?);
        if let Some(agency) = &self.agency {
            metadata.insert(AGENCY, value(AGENCY, agency.as_str())?);
        }
        if let Some(key) = &self.idempotency_key {
            metadata.insert(KEY, value(KEY, checked_key(key)?.as_str())?);
        }
        Ok(())
    }

    /// `message` as a request that carries this call.
    ///
    /// # Errors
    /// As [`Call::attach`].
    pub fn request<T>(&self, message: T) -> Result<tonic::Request<T>, Problem> {
        let mut request = tonic::Request::new(message);
        self.attach(&mut request)?;
        Ok(request)
    }

    /// The agency of a call that needs one.
    ///
    /// # Errors
    /// `PermissionDenied` `agency_missing`.
    pub fn agency(&self) -> Result<&AgencyId, Problem> {
        self.agency.as_ref().ok_or_else(|| {
            Problem::new(tonic::Code::PermissionDenied, "agency_missing", "This call needs an agency.")
        })
    }

    /// The idempotency key of a call that moves money.
    ///
    /// # Errors
    /// `InvalidArgument` `idempotency_key_missing`.
    pub fn key(&self) -> Result<&str, Problem> {
        self.idempotency_key.as_deref().ok_or_else(|| {
            Problem::new(
                tonic::Code::InvalidArgument,
                "idempotency_key_missing",
                "Send an Idempotency-Key; repeat it when you repeat the request.",
            )
            .field(KEY)
        })
    }
}

fn text<'m>(metadata: &'m MetadataMap, name: &'static str) -> Result<Option<&'m str>, Problem> {
    metadata.get(name).map(|value| value.to_str().map_err(|error| bad(name).caused_by(error))).transpose()
}

fn value(name: &'static str, text: &str) -> Result<MetadataValue<Ascii>, Problem> {
    text.parse().map_err(|error: tonic::metadata::errors::InvalidMetadataValue| bad(name).caused_by(error))
}

fn bad(name: &'static str) -> Problem {
    Problem::new(tonic::Code::InvalidArgument, "invalid_metadata", "Use visible ASCII characters.")
        .field(name)
}

fn checked_key(key: &str) -> Result<String, Problem> {
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if key.is_empty() || key.len() > KEY_MAX || !visible {
        return Err(Problem::new(
            tonic::Code::InvalidArgument,
            "idempotency_key_invalid",
            format!("An Idempotency-Key has 1 to {KEY_MAX} visible ASCII characters and no spaces."),
        )
        .field(KEY));
    }
    Ok(key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_survives_the_wire() {
        let sent = Call::by("client:7").for_agency("TRF".parse().unwrap()).with_key("k-1");
        let got = Call::from_metadata(sent.request(()).unwrap().metadata()).unwrap();
        assert_eq!(got, sent);
        assert_eq!((got.agency().unwrap().as_str(), got.key().unwrap()), ("TRF", "k-1"));
    }

    #[test]
    fn what_is_missing_or_wrong_has_a_code() {
        let empty = Call::from_metadata(&MetadataMap::new()).unwrap();
        assert_eq!(empty.key().unwrap_err().code, "idempotency_key_missing");
        assert_eq!(empty.agency().unwrap_err().code, "agency_missing");

        let long = Call::by("x").with_key("k".repeat(KEY_MAX + 1)).request(()).unwrap_err();
        assert_eq!(long.code, "idempotency_key_invalid");

        let mut metadata = MetadataMap::new();
        metadata.insert(AGENCY, "trf".parse().unwrap());
        let wrong = Call::from_metadata(&metadata).unwrap_err();
        assert_eq!((wrong.code.as_str(), wrong.field.as_deref()), ("invalid_id", Some(AGENCY)));
    }
}
