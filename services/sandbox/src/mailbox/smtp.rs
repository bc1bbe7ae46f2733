//! The server side of SMTP, as much as a relay needs.
//!
//! # Source
//! RFC 5321: commands and their order (4.1), transparency of dots (4.5.2); RFC 1870: SIZE.

use std::time::Duration;

use boot::start_error::chain;
use mail_parser::MessageParser;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::book::{self, Mail};
use crate::{Error, World};

/// RFC 5321 4.5.3.1.5 wants 512 octets a command line, and 1000 a text line; generous.
const LONGEST_LINE: u64 = 8 * 1_024;
const LONGEST_MAIL: usize = 1_024 * 1_024;
const MOST_RECEIVERS: usize = 100;
/// A client that says nothing for so long has gone.
const PATIENCE: Duration = Duration::from_mins(1);

/// Takes connections until the process stops.
pub async fn listen(world: World, listener: TcpListener) {
    let stopping = world.ctx.tasks.stopping();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => return,
        };
        let Ok((stream, _peer)) = accepted else { continue };
        let (world, stopping) = (world.clone(), stopping.clone());
        let tasks = world.ctx.tasks.clone();
        tasks.spawn_one("smtp connection", async move {
            let session =
                Session { stream: BufReader::new(stream), world, sender: None, receivers: Vec::new() };
            tokio::select! {
                ended = session.run() => if let Err(error) = ended {
                    tracing::debug!(%error, "an SMTP connection broke");
                },
                () = stopping.cancelled() => {}
            }
        });
    }
}

/// One connection, and the mail it is about to send.
struct Session {
    stream: BufReader<TcpStream>,
    world: World,
    sender: Option<String>,
    receivers: Vec<String>,
}

impl Session {
    async fn run(mut self) -> std::io::Result<()> {
        self.say("220 sandbox ESMTP").await?;
        while let Some(line) = self.line().await? {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "QUIT" => return self.say("221 sandbox closes").await,
                "DATA" => self.data().await?,
                "EHLO" => {
                    self.reset();
                    self.say(&format!("250-sandbox\r\n250-8BITMIME\r\n250 SIZE {LONGEST_MAIL}")).await?;
                }
                verb => {
                    let answer = self.simple(verb, rest);
                    self.say(answer).await?;
                }
            }
        }
        Ok(())
    }

    /// A command whose answer is one line.
    fn simple(&mut self, verb: &str, rest: &str) -> &'static str {
        match verb {
            "HELO" | "RSET" => {
                self.reset();
                "250 sandbox"
            }
            "NOOP" => "250 still here",
            "VRFY" => "252 send it and see",
            "MAIL" => match path(rest, "FROM:") {
                Some(_) if self.sender.is_some() => "503 one mail after the other",
                Some(sender) => {
                    self.sender = Some(sender);
                    "250 go on"
                }
                None => "501 write MAIL FROM:<address>",
            },
            "RCPT" => match path(rest, "TO:").filter(|receiver| !receiver.is_empty()) {
                _ if self.sender.is_none() => "503 MAIL comes first",
                Some(_) if self.receivers.len() >= MOST_RECEIVERS => "452 too many receivers",
                Some(receiver) => {
                    self.receivers.push(receiver.to_lowercase());
                    "250 go on"
                }
                None => "501 write RCPT TO:<address>",
            },
            _ => "502 not a command of this server",
        }
    }

    fn reset(&mut self) {
        self.sender = None;
        self.receivers.clear();
    }

    async fn data(&mut self) -> std::io::Result<()> {
        let Some(sender) = self.sender.clone().filter(|_| !self.receivers.is_empty()) else {
            return self.say("503 MAIL and RCPT come first").await;
        };
        self.say("354 end with a dot").await?;
        let Some(raw) = self.text().await? else {
            self.reset();
            return self.say("552 the mail is too long").await;
        };
        let receivers = std::mem::take(&mut self.receivers);
        self.reset();
        match keep(&self.world, &sender, &receivers, raw).await {
            Ok(None) => self.say("250 kept").await,
            Ok(Some(code)) => self.say(&format!("{code} not today")).await,
            Err(error) => {
                tracing::warn!(error = chain(&error), "a mail was not kept");
                self.say("451 the book cannot be written").await
            }
        }
    }

    /// The text up to its lone dot; none when it is too long.
    async fn text(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let (mut raw, mut fits) = (Vec::new(), true);
        loop {
            let line = self.line().await?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
            if line == b".\r\n" {
                return Ok(fits.then_some(raw));
            }
            let line = line.strip_prefix(b".").unwrap_or(&line);
            fits = fits && raw.len().saturating_add(line.len()) <= LONGEST_MAIL;
            if fits {
                raw.extend_from_slice(line);
            }
        }
    }

    /// A line with its end; none when the client has hung up.
    async fn line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(LONGEST_LINE);
        let read = timeout(PATIENCE, limited.read_until(b'\n', &mut line)).await;
        match read {
            Ok(read) => Ok((read? > 0).then_some(line)),
            Err(_elapsed) => Ok(None),
        }
    }

    async fn say(&mut self, answer: &str) -> std::io::Result<()> {
        self.stream.write_all(format!("{answer}\r\n").as_bytes()).await
    }
}

/// Keeps the mail for each receiver, or says with which code to refuse it.
async fn keep(world: &World, sender: &str, receivers: &[String], raw: Vec<u8>) -> Result<Option<i32>, Error> {
    let now = world.ctx.clock.now();
    let mut tx = world.pg.begin().await?;
    if let Some(code) = book::trouble(&mut tx).await? {
        tx.commit().await?;
        return Ok(Some(code));
    }
    let first = world.ctx.ids.uuid(now);
    let parsed = MessageParser::default().parse(&raw).unwrap_or_default();
    // A mail without an id is like no other.
    let message_id = parsed.message_id().map_or_else(|| first.to_string(), str::to_owned);
    for receiver in receivers {
        let mail = Mail {
            receiver: receiver.clone(),
            sender: sender.to_owned(),
            raw: raw.clone(),
            copies: 1,
            received_at: now,
        };
        book::keep(&mut tx, world.ctx.ids.uuid(now), &message_id, &mail).await?;
    }
    tx.commit().await?;
    Ok(None)
}

/// The address in `FROM:<a@b> SIZE=1`.
fn path(rest: &str, word: &str) -> Option<String> {
    let (head, tail) = rest.split_once('<')?;
    let (address, _parameters) = tail.split_once('>')?;
    head.trim().eq_ignore_ascii_case(word).then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_with_or_without_spaces_and_parameters() {
        for text in ["FROM:<a@b.example>", "from: <a@b.example> SIZE=100", "FROM:<a@b.example> BODY=8BITMIME"]
        {
            assert_eq!(path(text, "FROM:").as_deref(), Some("a@b.example"), "{text}");
        }
        assert_eq!(path("FROM:<>", "FROM:").as_deref(), Some(""));
        for text in ["FROM:a@b.example", "TO:<a@b.example>", "FROM:<a@b.example", ""] {
            assert_eq!(path(text, "FROM:"), None, "{text}");
        }
    }
}
