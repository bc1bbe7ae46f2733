//! Who sends letters: it keeps addresses, and we keep what it calls them.

use std::time::Duration;

use boot::{Call, Problem};
use proto::common::v1::Language as WireLanguage;
use proto::notifications::v1::RegisterContactRequest;
use proto::notifications::v1::notification_service_client::NotificationServiceClient;

use crate::domain::payer::Language;

/// How long we wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// `notifications`. Clones share the connection.
#[derive(Clone, Debug)]
pub struct Notifications(NotificationServiceClient<boot::grpc::Channel>);

impl Notifications {
    pub fn new(channel: boot::grpc::Channel) -> Notifications {
        Notifications(NotificationServiceClient::new(channel))
    }

    /// What the address is called there. The same key has the same address for ever.
    ///
    /// # Errors
    /// It refuses the address, or does not answer.
    pub async fn contact(&self, key: String, email: &str, language: Language) -> Result<String, Problem> {
        let language = match language {
            Language::Ar => WireLanguage::Ar,
            Language::En => WireLanguage::En,
        };
        let asked = RegisterContactRequest { email: email.to_owned(), language: language.into() };
        let mut request = Call::by("service:invoicing").with_key(key).request(asked)?;
        request.set_timeout(PATIENCE);
        let answer = self.0.clone().register_contact(request).await;
        Ok(answer.map_err(|status| Problem::from_status(&status))?.into_inner().contact_ref)
    }
}
