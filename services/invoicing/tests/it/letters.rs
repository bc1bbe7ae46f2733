//! Who keeps addresses, for the tests: it answers the same key with the same contact.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use proto::notifications::v1 as pb;
use proto::notifications::v1::notification_service_server::NotificationService;
use tonic::{Request, Response, Status};

/// By key: the contact, the address and the language.
#[derive(Clone, Debug, Default)]
pub struct Letters(pub Arc<Mutex<HashMap<String, (String, pb::RegisterContactRequest)>>>);

#[tonic::async_trait]
impl NotificationService for Letters {
    async fn register_contact(
        &self,
        request: Request<pb::RegisterContactRequest>,
    ) -> Result<Response<pb::RegisterContactResponse>, Status> {
        let call = boot::Call::from_metadata(request.metadata())?;
        let key = call.key()?.to_owned();
        let mut known = self.0.lock().unwrap();
        let next = format!("00000000-0000-7000-8000-{:012x}", known.len() + 1);
        let contact_ref = known.entry(key).or_insert((next, request.into_inner())).0.clone();
        Ok(Response::new(pb::RegisterContactResponse { contact_ref }))
    }

    async fn create_webhook_endpoint(
        &self,
        _request: Request<pb::CreateWebhookEndpointRequest>,
    ) -> Result<Response<pb::CreateWebhookEndpointResponse>, Status> {
        Err(Status::unimplemented("nobody here is called by webhook"))
    }

    async fn list_webhook_endpoints(
        &self,
        _request: Request<pb::ListWebhookEndpointsRequest>,
    ) -> Result<Response<pb::ListWebhookEndpointsResponse>, Status> {
        Err(Status::unimplemented("nobody here is called by webhook"))
    }

    async fn list_deliveries(
        &self,
        _request: Request<pb::ListDeliveriesRequest>,
    ) -> Result<Response<pb::ListDeliveriesResponse>, Status> {
        Err(Status::unimplemented("nobody here is called by webhook"))
    }
}
