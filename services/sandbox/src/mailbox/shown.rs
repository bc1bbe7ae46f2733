//! A mail as a person would read it.

use std::collections::BTreeMap;

use mail_parser::MessageParser;
use serde::Serialize;
use time::OffsetDateTime;

use super::book::Mail;

/// A mail, parsed.
#[derive(Debug, Serialize)]
pub struct Shown {
    to: String,
    from: String,
    subject: String,
    text: String,
    html: String,
    /// As they stand in the mail, by lower-case name; the last of a name.
    headers: BTreeMap<String, String>,
    /// How often the same Message-ID came.
    copies: i32,
    #[serde(with = "time::serde::rfc3339")]
    received_at: OffsetDateTime,
}

impl From<Mail> for Shown {
    fn from(mail: Mail) -> Shown {
        let parsed = MessageParser::default().parse(&mail.raw).unwrap_or_default();
        let text_of = |text: Option<std::borrow::Cow<'_, str>>| text.unwrap_or_default().into_owned();
        let headers = parsed
            .headers_raw()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Shown {
            subject: parsed.subject().unwrap_or_default().to_owned(),
            text: text_of(parsed.body_text(0)),
            html: text_of(parsed.body_html(0)),
            headers,
            to: mail.receiver,
            from: mail.sender,
            copies: mail.copies,
            received_at: mail.received_at,
        }
    }
}
