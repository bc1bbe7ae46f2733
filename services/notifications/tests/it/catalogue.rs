//! A catalogue that knows one agency's name.

use proto::{
    catalogue::v1::{
        self as pb,
        catalogue_service_server::{CatalogueService, CatalogueServiceServer},
    },
    common::v1::LocalText,
};
use tonic::{Request, Response, Status, service::Routes};

struct OneAgency;

/// Serves it, and returns its URL.
pub async fn serve(ctx: &boot::Context) -> String {
    let routes = Routes::new(CatalogueServiceServer::new(OneAgency));
    let address = boot::grpc::serve(ctx, "127.0.0.1:0".parse().unwrap(), routes).await.unwrap();
    format!("http://{address}")
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CatalogueService for OneAgency {
    async fn get_agency(&self, asked: Request<pb::GetAgencyRequest>) -> Answer<pb::GetAgencyResponse> {
        if asked.get_ref().agency_id != "TRF" {
            return Err(Status::not_found("agency_unknown"));
        }
        let name = LocalText {
            en: "General Directorate of Traffic".to_owned(),
            ar: "الإدارة العامة للمرور".to_owned(),
        };
        let agency = pb::Agency { agency_id: "TRF".to_owned(), name: Some(name), ..pb::Agency::default() };
        Ok(Response::new(pb::GetAgencyResponse { agency: Some(agency) }))
    }

    async fn import_catalogue(
        &self,
        _: Request<pb::ImportCatalogueRequest>,
    ) -> Answer<pb::ImportCatalogueResponse> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn list_agencies(&self, _: Request<pb::ListAgenciesRequest>) -> Answer<pb::ListAgenciesResponse> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn get_fee_service(
        &self,
        _: Request<pb::GetFeeServiceRequest>,
    ) -> Answer<pb::GetFeeServiceResponse> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn list_fee_services(
        &self,
        _: Request<pb::ListFeeServicesRequest>,
    ) -> Answer<pb::ListFeeServicesResponse> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn add_agency(&self, _: Request<pb::AddAgencyRequest>) -> Answer<pb::AddAgencyResponse> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn put_fee_service(
        &self,
        _: Request<pb::PutFeeServiceRequest>,
    ) -> Answer<pb::PutFeeServiceResponse> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn quote_fees(&self, _: Request<pb::QuoteFeesRequest>) -> Answer<pb::QuoteFeesResponse> {
        Err(Status::unimplemented("not in this test"))
    }
}
