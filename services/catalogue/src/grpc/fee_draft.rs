//! `FeeDraftService`: converts, says who acts, calls app.
use boot::wire::{id_from_wire, money_from_wire, money_to_wire};
use boot::{Call, Problem};
use ids::{AgencyId, DraftId, ServiceCode};
use proto::catalogue::v1::fee_draft_service_server::FeeDraftService;
use proto::catalogue::v1::fee_reduction::Takes as WireTakes;
use proto::catalogue::v1::late_penalty::Adds as WireAdds;
use proto::catalogue::v1::{self as pb, test_fee_draft_response::Result as Tested};
use tonic::{Request, Response, Status};

use super::caller::person;
use super::channel_policy::{date, optional};
use super::{name_message, price_message, tax_message};
use crate::app::Caller;
use crate::app::fee_draft::{self as app, Decision, Written};
use crate::domain::agency::Name;
use crate::domain::draft::{Command, Draft, MAX_REMARK, State};
use crate::domain::fee_service::{Origin, Schedule, TaxCategory};
use crate::domain::late::{Adds, Again, Late};
use crate::domain::price::Asked;
use crate::domain::terms::{Beyond, Reduction, ServiceFee, Split, Takes, Terms, TermsError};
use crate::sentences::Sentences;
use crate::{Catalogue, Error};

fn draft_message(draft: &Draft) -> pb::FeeDraft {
    let mut message = pb::FeeDraft {
        draft_id: draft.id.to_string(),
        agency_id: draft.agency.to_string(),
        service_code: draft.service.to_string(),
        valid_from: draft.valid_from.to_string(),
        terms: Some(terms_message(&draft.terms)),
        authors: draft.authors.iter().cloned().collect(),
        version: draft.version,
        ..pb::FeeDraft::default()
    };
    match &draft.state {
        State::Draft { remark } => {
            message.set_state(pb::FeeDraftState::Draft);
            message.remark = remark.clone().unwrap_or_default();
        }
        State::Submitted { by } => {
            message.set_state(pb::FeeDraftState::Submitted);
            message.submitted_by.clone_from(by);
        }
        State::Published { submitted_by, by, schedule_version } => {
            message.set_state(pb::FeeDraftState::Published);
            message.submitted_by.clone_from(submitted_by);
            message.decided_by.clone_from(by);
            message.schedule_version = *schedule_version;
        }
        State::Withdrawn { by } => {
            message.set_state(pb::FeeDraftState::Withdrawn);
            message.decided_by.clone_from(by);
        }
    }
    message
}

fn terms_message(terms: &Terms) -> pb::FeeTerms {
    let reduction = |reduction: &Reduction| pb::FeeReduction {
        code: reduction.code.clone(),
        name: Some(name_message(&reduction.name)),
        legal_reference: reduction.legal_reference.clone(),
        takes: Some(match reduction.takes {
            Takes::Percent(percent) => WireTakes::Percent(percent),
            Takes::Amount(amount) => WireTakes::Amount(money_to_wire(amount)),
            Takes::All => WireTakes::All(true),
        }),
    };
    let split = |split: &Split| pb::FeeSplit {
        beneficiary: split.beneficiary.clone(),
        basis_points: split.basis_points,
    };
    let beyond = &terms.beyond;
    pb::FeeTerms {
        fee: terms.text.clone(),
        tax_category: tax_message(terms.tax).into(),
        minimum: beyond.minimum.map(money_to_wire),
        maximum: beyond.maximum.map(money_to_wire),
        reductions: beyond.reductions.iter().map(reduction).collect(),
        service_fee: beyond.service_fee.as_ref().map(|fee| pb::FeeServiceFee {
            amount: Some(money_to_wire(fee.amount)),
            tax_category: tax_message(fee.tax).into(),
            beneficiary: fee.beneficiary.clone().unwrap_or_default(),
        }),
        splits: beyond.splits.iter().map(split).collect(),
        late: beyond.late.as_ref().map(late_message),
        expires_after_days: beyond.expires_after_days.unwrap_or_default(),
    }
}

fn terms_from_wire(terms: Option<pb::FeeTerms>) -> Result<Terms, Problem> {
    let terms = terms.unwrap_or_default();
    let tax = tax_from_wire("terms.tax_category", terms.tax_category())?;
    let plain = Terms::of_fee(&terms.fee, tax).map_err(TermsError::from).map_err(Error::from)?;
    let bound = |field, bound: Option<proto::common::v1::Money>| {
        bound.map(|bound| money_from_wire(field, &Some(bound))).transpose()
    };
    let splits = terms.splits.into_iter();
    let splits =
        splits.map(|split| Split { beneficiary: split.beneficiary, basis_points: split.basis_points });
    let beyond = Beyond {
        minimum: bound("terms.minimum", terms.minimum)?,
        maximum: bound("terms.maximum", terms.maximum)?,
        reductions: terms.reductions.into_iter().map(reduction_from_wire).collect::<Result<_, _>>()?,
        service_fee: terms.service_fee.map(service_fee_from_wire).transpose()?,
        splits: splits.collect(),
        late: terms.late.map(late_from_wire).transpose()?,
        expires_after_days: Some(terms.expires_after_days).filter(|days| *days != 0),
    };
    Ok(plain.with(beyond).map_err(Error::from)?)
}

pub(super) fn late_message(late: &Late) -> pb::LatePenalty {
    pb::LatePenalty {
        grace_days: late.grace_days,
        adds: Some(match late.adds {
            Adds::BasisPoints(points) => WireAdds::BasisPoints(points),
            Adds::Amount(amount) => WireAdds::Amount(money_to_wire(amount)),
        }),
        every_days: late.again.map_or(0, |again| again.every_days),
        maximum: late.again.map(|again| money_to_wire(again.maximum)),
        legal_reference: late.legal_reference.clone(),
    }
}

fn late_from_wire(late: pb::LatePenalty) -> Result<Late, Problem> {
    let adds = match late.adds {
        Some(WireAdds::BasisPoints(points)) => Adds::BasisPoints(points),
        Some(WireAdds::Amount(amount)) => Adds::Amount(money_from_wire("terms.late.amount", &Some(amount))?),
        None => return Err(Error::from(TermsError::Late("say how much: basis points, or an amount")).into()),
    };
    let again = match (late.every_days, late.maximum) {
        (0, None) => None,
        (every_days, Some(maximum)) if every_days != 0 => {
            let maximum = money_from_wire("terms.late.maximum", &Some(maximum))?;
            Some(Again { every_days, maximum })
        }
        (_, _) => {
            let detail = "a penalty that repeats has a maximum, and only such a one";
            return Err(Error::from(TermsError::Late(detail)).into());
        }
    };
    Ok(Late { grace_days: late.grace_days, adds, again, legal_reference: late.legal_reference })
}

fn tax_from_wire(field: &'static str, tax: pb::TaxCategory) -> Result<TaxCategory, Error> {
    match tax {
        pb::TaxCategory::Outside => Ok(TaxCategory::Outside),
        pb::TaxCategory::Standard => Ok(TaxCategory::Standard),
        pb::TaxCategory::Unspecified => {
            Err(Error::Field { field, detail: "Say whether VAT is due: OUTSIDE or STANDARD".to_owned() })
        }
    }
}

fn service_fee_from_wire(fee: pb::FeeServiceFee) -> Result<ServiceFee, Problem> {
    Ok(ServiceFee {
        amount: money_from_wire("terms.service_fee.amount", &fee.amount)?,
        tax: tax_from_wire("terms.service_fee.tax_category", fee.tax_category())?,
        beneficiary: Some(fee.beneficiary).filter(|code| !code.is_empty()),
    })
}

fn reduction_from_wire(reduction: pb::FeeReduction) -> Result<Reduction, Problem> {
    let name = reduction.name.unwrap_or_default();
    let takes = match reduction.takes {
        Some(WireTakes::Percent(percent)) => Takes::Percent(percent),
        Some(WireTakes::Amount(amount)) => {
            Takes::Amount(money_from_wire("terms.reductions.amount", &Some(amount))?)
        }
        Some(WireTakes::All(true)) => Takes::All,
        Some(WireTakes::All(false)) | None => {
            return Err(Error::from(TermsError::Takes(reduction.code)).into());
        }
    };
    Ok(Reduction {
        code: reduction.code,
        name: Name { en: name.en, ar: name.ar },
        legal_reference: reduction.legal_reference,
        takes,
    })
}

fn schedule_message(schedule: &Schedule) -> pb::FeeSchedule {
    pb::FeeSchedule {
        version: schedule.version,
        valid_from: schedule.valid_from.map(|day| day.to_string()).unwrap_or_default(),
        terms: Some(terms_message(&schedule.terms)),
        draft_id: match schedule.origin {
            Origin::Import => String::new(),
            Origin::Draft(draft) => draft.to_string(),
        },
    }
}

fn remark(text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_REMARK {
        let detail = format!("Say why, in at most {MAX_REMARK} characters");
        return Err(Error::Field { field: "remark", detail });
    }
    Ok(text.to_owned())
}

impl Catalogue {
    async fn decide_draft(
        &self,
        caller: Caller,
        (id, version): (&str, i64),
        command: Command,
    ) -> Result<Option<pb::FeeDraft>, Status> {
        let decision = Decision { id: id_from_wire("draft_id", id)?, version, command };
        let decided = self.tasks.run(app::decide(self.clone(), caller, decision)).await;
        Ok(Some(draft_message(&decided.map_err(Error::from)??)))
    }
}

#[tonic::async_trait]
impl FeeDraftService for Catalogue {
    async fn put_fee_draft(
        &self,
        request: Request<pb::PutFeeDraftRequest>,
    ) -> Result<Response<pb::PutFeeDraftResponse>, Status> {
        let caller = person(&request)?;
        let asked = request.into_inner();
        let written = Written {
            id: id_from_wire("draft_id", &asked.draft_id)?,
            agency: id_from_wire("agency_id", &asked.agency_id)?,
            service: id_from_wire("service_code", &asked.service_code)?,
            valid_from: date("valid_from", &asked.valid_from)?,
            terms: terms_from_wire(asked.terms)?,
            version: asked.version,
        };
        let draft =
            self.tasks.run(app::write(self.clone(), caller, written)).await.map_err(Error::from)??;
        Ok(Response::new(pb::PutFeeDraftResponse { fee_draft: Some(draft_message(&draft)) }))
    }

    async fn test_fee_draft(
        &self,
        request: Request<pb::TestFeeDraftRequest>,
    ) -> Result<Response<pb::TestFeeDraftResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let test = request.into_inner();
        let id: DraftId = id_from_wire("draft_id", &test.draft_id)?;
        let day = if test.date.is_empty() { None } else { Some(date("date", &test.date)?) };
        let asked = Asked { values: test.inputs, reduction: test.reduction };
        let mut sentences = Sentences::new(&self.texts);
        let (agency, priced) = app::test(self, &call, id, (&asked, day)).await?;
        let result = match priced {
            Ok(price) => Tested::Price(price_message(&agency, &price, &mut sentences)),
            Err(refusal) => Tested::Problem(sentences.refusal(&refusal)),
        };
        Ok(Response::new(pb::TestFeeDraftResponse { result: Some(result) }))
    }

    async fn submit_fee_draft(
        &self,
        request: Request<pb::SubmitFeeDraftRequest>,
    ) -> Result<Response<pb::SubmitFeeDraftResponse>, Status> {
        let caller = person(&request)?;
        let asked = request.into_inner();
        let command = Command::Submit { by: caller.call.actor.clone() };
        let fee_draft = self.decide_draft(caller, (&asked.draft_id, asked.version), command).await?;
        Ok(Response::new(pb::SubmitFeeDraftResponse { fee_draft }))
    }

    async fn publish_fee_draft(
        &self,
        request: Request<pb::PublishFeeDraftRequest>,
    ) -> Result<Response<pb::PublishFeeDraftResponse>, Status> {
        let caller = person(&request)?;
        let asked = request.into_inner();
        let command = Command::Publish { by: caller.call.actor.clone() };
        let fee_draft = self.decide_draft(caller, (&asked.draft_id, asked.version), command).await?;
        Ok(Response::new(pb::PublishFeeDraftResponse { fee_draft }))
    }

    async fn return_fee_draft(
        &self,
        request: Request<pb::ReturnFeeDraftRequest>,
    ) -> Result<Response<pb::ReturnFeeDraftResponse>, Status> {
        let caller = person(&request)?;
        let asked = request.into_inner();
        let command = Command::Return { remark: remark(&asked.remark)? };
        let fee_draft = self.decide_draft(caller, (&asked.draft_id, asked.version), command).await?;
        Ok(Response::new(pb::ReturnFeeDraftResponse { fee_draft }))
    }

    async fn withdraw_fee_draft(
        &self,
        request: Request<pb::WithdrawFeeDraftRequest>,
    ) -> Result<Response<pb::WithdrawFeeDraftResponse>, Status> {
        let caller = person(&request)?;
        let asked = request.into_inner();
        let command = Command::Withdraw { by: caller.call.actor.clone() };
        let fee_draft = self.decide_draft(caller, (&asked.draft_id, asked.version), command).await?;
        Ok(Response::new(pb::WithdrawFeeDraftResponse { fee_draft }))
    }

    async fn get_fee_draft(
        &self,
        request: Request<pb::GetFeeDraftRequest>,
    ) -> Result<Response<pb::GetFeeDraftResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let id = id_from_wire("draft_id", &request.get_ref().draft_id)?;
        let draft = app::get(self, &call, id).await?;
        Ok(Response::new(pb::GetFeeDraftResponse { fee_draft: Some(draft_message(&draft)) }))
    }

    async fn list_fee_drafts(
        &self,
        request: Request<pb::ListFeeDraftsRequest>,
    ) -> Result<Response<pb::ListFeeDraftsResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.into_inner();
        let agency: AgencyId = id_from_wire("agency_id", &asked.agency_id)?;
        let service: Option<ServiceCode> = optional("service_code", &asked.service_code)?;
        let found = app::list(self, &call, &agency, service.as_ref()).await?;
        Ok(Response::new(pb::ListFeeDraftsResponse { fee_drafts: found.iter().map(draft_message).collect() }))
    }

    async fn list_fee_schedules(
        &self,
        request: Request<pb::ListFeeSchedulesRequest>,
    ) -> Result<Response<pb::ListFeeSchedulesResponse>, Status> {
        let asked = request.get_ref();
        let agency = id_from_wire("agency_id", &asked.agency_id)?;
        let service = id_from_wire("service_code", &asked.service_code)?;
        let found = app::schedules(self, &agency, &service).await?;
        let fee_schedules = found.iter().map(schedule_message).collect();
        Ok(Response::new(pb::ListFeeSchedulesResponse { fee_schedules }))
    }
}
