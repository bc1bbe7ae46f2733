//! E-mail over SMTP.

use std::time::{Duration, SystemTime};

use boot::{Context, Redacted, ServerUrl, StartError};
use ids::MessageId;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{self, PoolConfig},
};
use time::OffsetDateTime;

use crate::{Error, Settings, domain::sending::Answer, letter::Written};

/// Connections kept open to the mail server.
const CONNECTIONS: u32 = 8;
/// A mail server that has not taken the mail by then will have another try.
const PATIENCE: Duration = Duration::from_secs(10);
/// Codes of a server that does not like us rather than the receiver: our settings are wrong, and the mail waits.
const OUR_FAULT: [i32; 4] = [530, 534, 535, 538];

/// Sends mail. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// Reads the settings; connects when the first mail is sent.
    ///
    /// # Errors
    /// The URL or the sender is none.
    pub fn new(ctx: &Context, settings: &Settings) -> Result<Mailer, StartError> {
        let name = ctx.setting("SMTP_URL");
        let url = ServerUrl::new(&name, settings.smtp_url.expose()).complete()?;
        // Its error quotes the URL, which may hold a password.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose()).ok().ok_or_else(|| {
            let todo = "write smtp://host:25 or smtps://user:password@host";
            StartError::setting(&name, "is not the URL of a mail server", todo)
        })?;
        let from = settings.mail_from.parse::<Mailbox>().map_err(|error| {
            let todo = "write Name <address@example.com>";
            StartError::setting(ctx.setting("MAIL_FROM"), format!("is not a mail sender ({error})"), todo)
        })?;
        let pool = PoolConfig::new().max_size(CONNECTIONS);
        let transport = builder.timeout(Some(PATIENCE)).pool_config(pool).build();
        Ok(Mailer { transport, from })
    }

    /// Sends `written` to `to`. The Message-ID follows from `id`, so that a second copy is recognised.
    ///
    /// # Errors
    /// The mail cannot be put together: a mistake of ours.
    pub async fn send(
        &self,
        id: MessageId,
        to: &Redacted<Address>,
        written: Written,
        made_at: OffsetDateTime,
    ) -> Result<Answer, Error> {
        let broken = |error: lettre::error::Error| Error::Mail(error.into());
        let automatic =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let parts = MultiPart::alternative()
            .boundary(format!("mizan-{id}"))
            .singlepart(SinglePart::plain(written.text))
            .singlepart(SinglePart::html(written.html));
        let mail = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.expose().clone()))
            .subject(written.subject)
            .date(SystemTime::from(made_at))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .raw_header(automatic)
            .multipart(parts)
            .map_err(broken)?;
        // lettre's own limit is per command; the lease needs one for the whole.
        Ok(match tokio::time::timeout(PATIENCE, self.transport.send(mail)).await {
            Ok(Ok(response)) => Answer::Accepted { code: u16::from(response.code()).into() },
            Ok(Err(error)) => refused(&error),
            Err(_elapsed) => Answer::Later { code: 0, not_before: None },
        })
    }
}

/// What the error says about the mail. Its text is not kept: servers quote the receiver's address in it.
fn refused(error: &smtp::Error) -> Answer {
    let code = error.status().map_or(0, |code| u16::from(code).into());
    if error.is_permanent() && !OUR_FAULT.contains(&code) {
        return Answer::Never { code };
    }
    Answer::Later { code, not_before: None }
}
