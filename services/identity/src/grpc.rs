//! Converts and calls.
use boot::Call;
use boot::wire::{id_from_wire, time_to_wire};
use proto::identity::v1::identity_service_server::IdentityService;
use proto::identity::v1::{
    ApiClient as Message, AuthenticateApiKeyRequest, AuthenticateApiKeyResponse, CreateApiKeyRequest,
    CreateApiKeyResponse, RevokeApiKeyRequest, RevokeApiKeyResponse,
};
use tonic::{Request, Response, Status};

use crate::app::api_key::{self, Wanted};
use crate::domain::api_client::ApiClient;
use crate::domain::scope::Scope;
use crate::{Error, Identity};

fn message(client: &ApiClient) -> Message {
    Message {
        client_id: client.id.to_string(),
        agency_id: client.agency.to_string(),
        name: client.name.clone(),
        scopes: client.scopes.iter().map(Scope::to_string).collect(),
        expires_at: Some(time_to_wire(client.expires_at)),
    }
}

#[tonic::async_trait]
impl IdentityService for Identity {
    async fn create_api_key(
        &self,
        request: Request<CreateApiKeyRequest>,
    ) -> Result<Response<CreateApiKeyResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        let agency = id_from_wire("agency_id", &request.agency_id)?;
        let scopes: Result<Vec<Scope>, _> = request.scopes.iter().map(|scope| scope.parse()).collect();
        let scopes = scopes.map_err(Error::UnknownScope)?;
        let wanted = Wanted { agency, name: request.name, scopes, valid_days: request.valid_days };
        let svc = self.clone();
        let (client, api_key) = self
            .tasks
            .run(async move { api_key::create(&svc, &call.actor, wanted).await })
            .await
            .map_err(Error::from)??;
        Ok(Response::new(CreateApiKeyResponse { client: Some(message(&client)), api_key }))
    }

    async fn authenticate_api_key(
        &self,
        request: Request<AuthenticateApiKeyRequest>,
    ) -> Result<Response<AuthenticateApiKeyResponse>, Status> {
        let client = api_key::authenticate(self, &request.into_inner().api_key).await?;
        Ok(Response::new(AuthenticateApiKeyResponse { client: Some(message(&client)) }))
    }

    async fn revoke_api_key(
        &self,
        request: Request<RevokeApiKeyRequest>,
    ) -> Result<Response<RevokeApiKeyResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let client = id_from_wire("client_id", &request.into_inner().client_id)?;
        let svc = self.clone();
        self.tasks
            .run(async move { api_key::revoke(&svc, &call.actor, client).await })
            .await
            .map_err(Error::from)??;
        Ok(Response::new(RevokeApiKeyResponse {}))
    }
}
