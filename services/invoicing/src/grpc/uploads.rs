use std::time::Duration;

use boot::Call;
use boot::wire::{id_from_wire, money_from_wire};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use proto::common::v1::Language as WireLanguage;
use proto::invoicing::v1 as pb;
use proto::invoicing::v1::create_upload_request::Part;
use proto::invoicing::v1::get_corrections_response::Part as Corrections;
use proto::invoicing::v1::upload_service_server::UploadService;
use tonic::{Request, Response, Status, Streaming};

use super::{by_name, date};
use crate::Error;
use crate::app::issue_upload::Confirmed;
use crate::app::upload_file::{Arrived, Arriving};
use crate::app::upload_template::TemplateForm;
use crate::app::{self, Invoicing};
use crate::domain::payer::Language;

/// A file that has not arrived by then would only keep others out.
const PATIENCE: Duration = Duration::from_mins(10);

/// Rows shown when nobody says how many: enough to see that they are right.
const PREVIEW: i32 = 3;
const MAX_PREVIEW: i32 = 100;

pub struct Uploads(pub Invoicing);

#[tonic::async_trait]
impl UploadService for Uploads {
    async fn create_upload(
        &self,
        request: Request<Streaming<pb::CreateUploadRequest>>,
    ) -> Result<Response<pb::CreateUploadResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        // Before a single byte of the file is taken.
        call.agency()?;
        call.key()?;
        let room = self.0.upload_room.clone().try_acquire_owned().ok().ok_or(Error::UploadsFull)?;
        let mut arriving = Arriving::new(&self.0);
        let arrived = tokio::select! {
            arrived = receive(request.into_inner(), &mut arriving) => arrived,
            () = self.0.ctx.clock.sleep(PATIENCE) => {
                Err(Error::UploadSlow { limit_seconds: PATIENCE.as_secs() }.into())
            }
        };
        let file = match arrived {
            Ok(file) => file,
            Err(refused) => {
                arriving.forget().await;
                return Err(refused);
            }
        };
        drop(room);
        let work = app::create_upload::create(self.0.clone(), call, file);
        let answer = self.0.ctx.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(answer))
    }

    async fn get_upload(
        &self,
        request: Request<pb::GetUploadRequest>,
    ) -> Result<Response<pb::GetUploadResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let id = id_from_wire("upload_id", &request.get_ref().upload_id)?;
        let upload = app::upload::get(&self.0, call.agency()?, id).await?;
        Ok(Response::new(pb::GetUploadResponse { upload: Some(upload) }))
    }

    async fn list_upload_errors(
        &self,
        request: Request<pb::ListUploadErrorsRequest>,
    ) -> Result<Response<pb::ListUploadErrorsResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let id = id_from_wire("upload_id", &request.get_ref().upload_id)?;
        let page = (request.get_ref().after.as_str(), request.get_ref().limit);
        Ok(Response::new(app::upload::errors(&self.0, call.agency()?, id, page).await?))
    }

    type GetCorrectionsStream = BoxStream<'static, Result<pb::GetCorrectionsResponse, Status>>;

    async fn get_corrections(
        &self,
        request: Request<pb::GetCorrectionsRequest>,
    ) -> Result<Response<Self::GetCorrectionsStream>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let id = id_from_wire("upload_id", &request.get_ref().upload_id)?;
        let file = app::corrections::file(&self.0, call.agency()?, id).await?;
        let head = pb::CorrectionsHead { file_name: file.name, content_type: file.content_type.to_owned() };
        let part = |part| pb::GetCorrectionsResponse { part: Some(part) };
        let head = stream::iter([Ok(part(Corrections::Head(head)))]);
        let chunks = file.chunks.map(move |chunk| Ok(part(Corrections::Chunk(chunk?))));
        Ok(Response::new(head.chain(chunks).boxed()))
    }

    async fn issue_upload(
        &self,
        request: Request<pb::IssueUploadRequest>,
    ) -> Result<Response<pb::IssueUploadResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.get_ref();
        let confirmed = Confirmed {
            upload: id_from_wire("upload_id", &asked.upload_id)?,
            count: asked.confirmed_count,
            total: money_from_wire("confirmed_total", &asked.confirmed_total)?,
            issue_on: if asked.issue_on.is_empty() { None } else { Some(date("issue_on", &asked.issue_on)?) },
        };
        let work = app::issue_upload::confirm(self.0.clone(), call, confirmed);
        let answer = self.0.ctx.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(answer))
    }

    async fn withdraw_upload(
        &self,
        request: Request<pb::WithdrawUploadRequest>,
    ) -> Result<Response<pb::WithdrawUploadResponse>, Status> {
        let call = by_name(&request)?;
        let asked = request.into_inner();
        let id = id_from_wire("upload_id", &asked.upload_id)?;
        let svc = self.0.clone();
        let work = async move { app::withdraw_upload::withdraw(svc, call, id, &asked.reason).await };
        Ok(Response::new(self.0.ctx.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn preview_upload(
        &self,
        request: Request<pb::PreviewUploadRequest>,
    ) -> Result<Response<pb::PreviewUploadResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.get_ref();
        let id = id_from_wire("upload_id", &asked.upload_id)?;
        let limit = if asked.limit == 0 { PREVIEW } else { asked.limit.clamp(1, MAX_PREVIEW) };
        let after = u32::try_from(asked.after_row).unwrap_or_default();
        let page = (after, usize::try_from(limit).unwrap_or_default());
        Ok(Response::new(app::upload_preview::rows(&self.0, call.agency()?, id, page).await?))
    }

    async fn get_upload_template(
        &self,
        request: Request<pb::GetUploadTemplateRequest>,
    ) -> Result<Response<pb::GetUploadTemplateResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.get_ref();
        let language = match asked.language() {
            WireLanguage::Unspecified | WireLanguage::Ar => Language::Ar,
            WireLanguage::En => Language::En,
        };
        let form = match asked.form() {
            pb::TemplateForm::Unspecified | pb::TemplateForm::Xlsx => TemplateForm::Workbook,
            pb::TemplateForm::Csv => TemplateForm::Csv,
        };
        let how = (language, form);
        let document = app::upload_template::file(&self.0, call.agency()?, &asked.service_code, how).await?;
        Ok(Response::new(pb::GetUploadTemplateResponse { document: Some(document) }))
    }
}

/// Takes the file piece by piece, or refuses it as soon as it is too large: what comes after is not taken from the wire.
async fn receive(
    mut stream: Streaming<pb::CreateUploadRequest>,
    arriving: &mut Arriving,
) -> Result<(String, Arrived), Status> {
    let mut name = None;
    while let Some(message) = stream.message().await? {
        match (message.part, &name) {
            (Some(Part::Head(head)), None) => name = Some(head.file_name),
            (Some(Part::Chunk(chunk)), Some(_)) => arriving.take(&chunk).await?,
            (Some(Part::Head(_)), Some(_)) | (Some(Part::Chunk(_)), None) | (None, _) => {
                return Err(Error::UploadStream.into());
            }
        }
    }
    let name = name.ok_or(Error::UploadStream)?;
    Ok((name, arriving.finish().await?))
}
