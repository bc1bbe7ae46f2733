//! The RPCs: convert and call, no rules.

use boot::{
    Call, Redacted,
    wire::{id_from_wire, lang_from_wire, time_to_wire},
};
use ids::DeliveryId;
use proto::notifications::v1::{
    self as pb,
    notification_service_server::{NotificationService, NotificationServiceServer},
};
use tonic::{Request, Response, Status, service::Routes};

use crate::{
    Error, Notifications, app,
    domain::{endpoint::Condition, sending::State},
    store::{delivery::Delivery, endpoint::Endpoint},
};

const PAGE: i32 = 100;
const LONGEST_PAGE: i32 = 1_000;

/// The services of this port.
pub fn routes(svc: &Notifications) -> Routes {
    Routes::new(NotificationServiceServer::new(Rpcs { svc: svc.clone() }))
}

#[derive(Clone, Debug)]
struct Rpcs {
    svc: Notifications,
}

#[tonic::async_trait]
impl NotificationService for Rpcs {
    async fn register_contact(
        &self,
        request: Request<pb::RegisterContactRequest>,
    ) -> Result<Response<pb::RegisterContactResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.into_inner();
        let language = lang_from_wire("language", asked.language)?;
        let work = app::contact::register(self.svc.clone(), call, Redacted::new(asked.email), language);
        let contact = self.svc.ctx.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(pb::RegisterContactResponse { contact_ref: contact.to_string() }))
    }

    async fn create_webhook_endpoint(
        &self,
        request: Request<pb::CreateWebhookEndpointRequest>,
    ) -> Result<Response<pb::CreateWebhookEndpointResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let work = app::endpoint::create(self.svc.clone(), call, request.into_inner().url);
        let (endpoint, secret) = self.svc.ctx.tasks.run(work).await.map_err(Error::from)??;
        let (endpoint, secret) = (Some(endpoint.into()), secret.to_text());
        Ok(Response::new(pb::CreateWebhookEndpointResponse { endpoint, secret }))
    }

    async fn list_webhook_endpoints(
        &self,
        request: Request<pb::ListWebhookEndpointsRequest>,
    ) -> Result<Response<pb::ListWebhookEndpointsResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let endpoints = app::endpoint::list(&self.svc, &call).await?;
        let endpoints = endpoints.into_iter().map(pb::WebhookEndpoint::from).collect();
        Ok(Response::new(pb::ListWebhookEndpointsResponse { endpoints }))
    }

    async fn list_deliveries(
        &self,
        request: Request<pb::ListDeliveriesRequest>,
    ) -> Result<Response<pb::ListDeliveriesResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.into_inner();
        let after = match asked.after.as_str() {
            "" => None,
            text => Some(id_from_wire::<DeliveryId>("after", text)?),
        };
        let limit = if asked.limit <= 0 { PAGE } else { asked.limit.min(LONGEST_PAGE) };
        let page = app::delivery::page(&self.svc, &call, after, limit.into()).await?;
        let full = i32::try_from(page.len()).is_ok_and(|length| length == limit);
        let next_after = page.last().filter(|_| full).map(|last| last.id.to_string()).unwrap_or_default();
        let deliveries = page.into_iter().map(pb::Delivery::from).collect();
        Ok(Response::new(pb::ListDeliveriesResponse { deliveries, next_after }))
    }
}

impl From<Endpoint> for pb::WebhookEndpoint {
    fn from(endpoint: Endpoint) -> pb::WebhookEndpoint {
        pb::WebhookEndpoint {
            endpoint_id: endpoint.id.to_string(),
            agency_id: endpoint.agency,
            url: endpoint.url,
            enabled: match endpoint.condition {
                Condition::Good | Condition::Failing { .. } => true,
                Condition::Disabled { .. } => false,
            },
            created_at: Some(time_to_wire(endpoint.created_at)),
        }
    }
}

impl From<Delivery> for pb::Delivery {
    fn from(delivery: Delivery) -> pb::Delivery {
        let (state, delivered_at) = match delivery.sending.state {
            State::Pending { .. } | State::Sending { .. } => (pb::DeliveryState::Pending, None),
            State::Delivered { at } => (pb::DeliveryState::Delivered, Some(time_to_wire(at))),
            // Only letters to people are withdrawn.
            State::Failed { .. } | State::Withdrawn { .. } => (pb::DeliveryState::Failed, None),
        };
        pb::Delivery {
            delivery_id: delivery.id.to_string(),
            endpoint_id: delivery.endpoint.to_string(),
            event_type: delivery.event_type,
            state: state.into(),
            tries: delivery.sending.tries,
            last_answer: delivery.sending.last_answer,
            created_at: Some(time_to_wire(delivery.created_at)),
            delivered_at,
        }
    }
}
