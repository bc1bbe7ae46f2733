use proto::invoicing::v1 as pb;
use proto::invoicing::v1::calendar_service_server::CalendarService;
use tonic::{Request, Response, Status};

use super::{by_name, date};
use crate::Error;
use crate::app::{self, Invoicing};

pub struct Calendar(pub Invoicing);

#[tonic::async_trait]
impl CalendarService for Calendar {
    async fn put_holidays(
        &self,
        request: Request<pb::PutHolidaysRequest>,
    ) -> Result<Response<pb::PutHolidaysResponse>, Status> {
        let call = by_name(&request)?;
        let work = app::calendar::put(self.0.clone(), call, request.into_inner());
        Ok(Response::new(self.0.ctx.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn get_calendar(
        &self,
        request: Request<pb::GetCalendarRequest>,
    ) -> Result<Response<pb::GetCalendarResponse>, Status> {
        Ok(Response::new(app::calendar::get(&self.0, request.get_ref().revision).await?))
    }

    async fn count_term(
        &self,
        request: Request<pb::CountTermRequest>,
    ) -> Result<Response<pb::CountTermResponse>, Status> {
        let asked = request.get_ref();
        let from = if asked.from.is_empty() { None } else { Some(date("from", &asked.from)?) };
        Ok(Response::new(app::calendar::count(&self.0, from, &asked.term).await?))
    }
}
