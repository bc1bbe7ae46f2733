//! Everything that can go wrong, and what the caller hears.
use boot::{Panicked, Problem};
use ids::{AgencyId, ServiceCode};
use tonic::Code as C;

use crate::app::quote::MAX_QUOTES;
use crate::domain::draft;
use crate::domain::files::Mistake;
use crate::domain::refusal::{Noun, Refusal};
use crate::domain::terms::TermsError;
use crate::grpc::FENCE;

/// Mistakes told at once: more would not be read.
const MISTAKES_TOLD: usize = 20;

/// Everything that can go wrong here.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}", lines(.0))]
    Invalid(Vec<Mistake>),
    #[error(
        "The agency {0} exists, and differs; its name comes by import, and its accounts are not changed by one person."
    )]
    AgencyKnown(AgencyId),
    #[error("There is no agency {0}.")]
    AgencyUnknown(AgencyId),
    #[error("The agency has no service {0}.")]
    ServiceUnknown(ServiceCode),
    #[error("{0} quotes at once; send at most {MAX_QUOTES}.")]
    TooManyQuotes(usize),
    #[error("`{0}` is no date; write it like 2026-01-31.")]
    Date(String),
    #[error("Say who acts: this is decided by two persons.")]
    ActorMissing,
    #[error("{detail}.")]
    Field { field: &'static str, detail: String },
    #[error("There is no policy with this id.")]
    PolicyUnknown,
    #[error("Another policy has this id; make a fresh one.")]
    PolicyKnown,
    #[error("There is no exception with this id.")]
    ChannelExceptionUnknown,
    #[error("Another exception has this id; make a fresh one.")]
    ChannelExceptionKnown,
    #[error("Refused: for {writer} the leader {seen} has written by now; who led before it writes no more.")]
    FenceStale { writer: String, seen: i64 },
    #[error("Refused: {0}.")]
    Refused(#[from] Refusal),
    #[error("There is no fee draft with this id.")]
    DraftUnknown,
    #[error("Another fee draft has this id; make a fresh one.")]
    DraftKnown,
    #[error("Refused: {0}.")]
    Draft(#[from] draft::Refusal),
    #[error("The terms are not taken: {0}.")]
    Terms(#[from] TermsError),
    #[error("a row of {table} cannot be read: {what}")]
    Corrupt { table: &'static str, what: String },
    #[error("Postgres")]
    Database(#[source] pg::Error),
    #[error("the work panicked")]
    Panicked(#[source] Panicked),
}

fn lines(mistakes: &[Mistake]) -> String {
    let mut lines: Vec<String> = mistakes.iter().take(MISTAKES_TOLD).map(Mistake::to_string).collect();
    let more = mistakes.len().saturating_sub(MISTAKES_TOLD);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

impl From<pg::Error> for Error {
    fn from(error: pg::Error) -> Error {
        Error::Database(error)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        Error::Database(error.into())
    }
}

impl From<Panicked> for Error {
    fn from(panicked: Panicked) -> Error {
        Error::Panicked(panicked)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let (code, kind, field) = match &error {
            Error::Invalid(_) => ("catalogue_invalid", C::InvalidArgument, None),
            Error::AgencyUnknown(_) => ("agency_unknown", C::NotFound, Some("agency_id")),
            Error::ServiceUnknown(_) => ("service_unknown", C::NotFound, Some("service_code")),
            Error::TooManyQuotes(_) => ("too_many_quotes", C::InvalidArgument, Some("quotes")),
            Error::Date(_) => ("field_invalid", C::InvalidArgument, Some("date")),
            Error::ActorMissing => ("actor_missing", C::InvalidArgument, Some("mizan-actor")),
            Error::Field { field, .. } => ("field_invalid", C::InvalidArgument, Some(*field)),
            Error::PolicyUnknown => ("policy_unknown", C::NotFound, Some("policy_id")),
            Error::AgencyKnown(_) => ("agency_known", C::AlreadyExists, Some("agency_id")),
            Error::PolicyKnown => ("policy_known", C::AlreadyExists, Some("policy_id")),
            Error::ChannelExceptionUnknown => {
                ("channel_exception_unknown", C::NotFound, Some("channel_exception_id"))
            }
            Error::ChannelExceptionKnown => {
                ("channel_exception_known", C::AlreadyExists, Some("channel_exception_id"))
            }
            Error::FenceStale { .. } => ("fence_stale", C::FailedPrecondition, Some(FENCE)),
            Error::Refused(refusal) => refused(refusal),
            Error::DraftUnknown => ("fee_draft_unknown", C::NotFound, Some("draft_id")),
            Error::DraftKnown => ("fee_draft_known", C::AlreadyExists, Some("draft_id")),
            Error::Draft(refusal) => of_draft(refusal),
            Error::Terms(error) => ("terms_invalid", C::InvalidArgument, Some(error.field())),
            Error::Database(cause) if cause.is_unavailable() => {
                let problem =
                    Problem::new(C::Unavailable, "unavailable", "The database does not answer; ask again.");
                return problem.caused_by(error);
            }
            Error::Corrupt { .. } | Error::Database(_) | Error::Panicked(_) => {
                return Problem::internal(error);
            }
        };
        let problem = Problem::new(kind, code, error.to_string());
        match field {
            Some(field) => problem.field(field),
            None => problem,
        }
    }
}

fn of_draft(refusal: &draft::Refusal) -> (&'static str, C, Option<&'static str>) {
    use draft::Refusal as R;
    match refusal {
        R::NeedsSecondPerson => ("fee_draft_needs_second_person", C::PermissionDenied, None),
        R::ValidFromPast { .. } => ("valid_from_past", C::FailedPrecondition, Some("valid_from")),
        R::Overlap { .. } => ("schedule_overlap", C::FailedPrecondition, Some("valid_from")),
        R::WrongState { .. } => ("fee_draft_wrong_state", C::FailedPrecondition, None),
        R::StaleVersion { .. } => ("version_stale", C::FailedPrecondition, Some("version")),
    }
}

fn refused(refusal: &Refusal) -> (&'static str, C, Option<&'static str>) {
    use Noun::{ChannelException, Policy};
    match refusal {
        Refusal::PolicyWithoutChannel => ("policy_without_channel", C::InvalidArgument, Some("channels")),
        Refusal::PolicyDatePast { .. } => ("policy_date_past", C::InvalidArgument, Some("valid_from")),
        Refusal::PolicyNoticeShort { .. } => {
            ("policy_notice_short", C::FailedPrecondition, Some("valid_from"))
        }
        Refusal::ExceptionDates { .. } => {
            ("channel_exception_dates_invalid", C::InvalidArgument, Some("from"))
        }
        Refusal::ExceptionLimit => ("channel_exception_limit_invalid", C::InvalidArgument, Some("most")),
        Refusal::NeedsSecondPerson { noun: Policy } => {
            ("policy_needs_second_person", C::PermissionDenied, None)
        }
        Refusal::NeedsSecondPerson { noun: ChannelException } => {
            ("channel_exception_needs_second_person", C::PermissionDenied, None)
        }
        Refusal::WrongState { noun: Policy, .. } => ("policy_wrong_state", C::FailedPrecondition, None),
        Refusal::WrongState { noun: ChannelException, .. } => {
            ("channel_exception_wrong_state", C::FailedPrecondition, None)
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> tonic::Status {
        let seen = if let Error::FenceStale { seen, .. } = error { Some(seen) } else { None };
        let mut status = tonic::Status::from(Problem::from(error));
        if let Some(seen) = seen {
            status.metadata_mut().insert(FENCE, seen.into());
        }
        status
    }
}
