use std::time::Duration;

use boot::Call;
use boot::wire::{id_from_wire, money_from_wire};
use proto::invoicing::v1 as pb;
use proto::invoicing::v1::create_upload_request::Part;
use proto::invoicing::v1::upload_service_server::UploadService;
use tonic::{Request, Response, Status, Streaming};

use crate::Error;
use crate::app::create_upload::File;
use crate::app::issue_upload::Confirmed;
use crate::app::{self, Invoicing};

/// A file that has not arrived by then would only keep others out.
const PATIENCE: Duration = Duration::from_mins(2);

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
        let file = tokio::select! {
            file = receive(request.into_inner(), self.0.max_upload_bytes) => file?,
            () = self.0.ctx.clock.sleep(PATIENCE) => {
                return Err(Error::UploadSlow { limit_seconds: PATIENCE.as_secs() }.into());
            }
        };
        let svc = self.0.clone();
        let work = async move {
            let answer = app::create_upload::create(svc, call, file).await;
            drop(room);
            answer
        };
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
        let errors = app::upload::errors(&self.0, call.agency()?, id).await?;
        Ok(Response::new(pb::ListUploadErrorsResponse { errors }))
    }

    async fn get_corrections(
        &self,
        request: Request<pb::GetCorrectionsRequest>,
    ) -> Result<Response<pb::GetCorrectionsResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let id = id_from_wire("upload_id", &request.get_ref().upload_id)?;
        Ok(Response::new(app::upload::corrections(&self.0, call.agency()?, id).await?))
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
        };
        let work = app::issue_upload::confirm(self.0.clone(), call, confirmed);
        let answer = self.0.ctx.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(answer))
    }
}

/// The whole file, or a refusal as soon as it is too large: what comes after is not taken from the wire.
async fn receive(mut stream: Streaming<pb::CreateUploadRequest>, limit_bytes: usize) -> Result<File, Status> {
    let (mut name, mut bytes) = (None, Vec::new());
    while let Some(message) = stream.message().await? {
        match (message.part, &name) {
            (Some(Part::Head(head)), None) => name = Some(head.file_name),
            (Some(Part::Chunk(chunk)), Some(_)) => {
                if bytes.len() + chunk.len() > limit_bytes {
                    return Err(Error::FileTooLarge { limit_bytes }.into());
                }
                bytes.extend_from_slice(&chunk);
            }
            (Some(Part::Head(_)), Some(_)) | (Some(Part::Chunk(_)), None) | (None, _) => {
                return Err(Error::UploadStream.into());
            }
        }
    }
    let name = name.ok_or(Error::UploadStream)?;
    Ok(File { name, bytes })
}
