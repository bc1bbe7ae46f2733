//! A mail server that keeps what it is sent, so that a test can read it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// An SMTP server on a free port. Dropping it stops it.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    kept: Kept,
    _tasks: JoinSet<()>,
}

#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    mails: Vec<String>,
    refusals: Vec<u16>,
}

impl Sink {
    /// Starts one on a free port of this machine.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn start() -> Sink {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port can be opened");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (kept, mut tasks) = (Kept::default(), JoinSet::new());
        let keep = kept.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _peer)) = listener.accept().await {
                let keep = keep.clone();
                connections.spawn(async move { converse(stream, &keep).await.unwrap_or_default() });
            }
        });
        Sink { address, kept, _tasks: tasks }
    }

    /// `smtp://host:port`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The mails taken so far, as they came, dots unstuffed.
    pub fn mails(&self) -> Vec<String> {
        self.kept.lock().mails.clone()
    }

    /// The next `times` mails are answered with `code`, and the receiver's address as some servers do, and not kept.
    pub fn refuse(&self, code: u16, times: usize) {
        self.kept.lock().refusals.extend(std::iter::repeat_n(code, times));
    }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, mail: String, receiver: &str) -> String {
        let mut state = self.lock();
        if let Some(code) = state.refusals.pop() {
            return format!("{code} not for {receiver}");
        }
        state.mails.push(mail);
        "250 kept".to_owned()
    }
}

async fn converse(stream: TcpStream, kept: &Kept) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut line, mut receiver) = (String::new(), String::new());
    stream.write_all(b"220 sink\r\n").await?;
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let verb: String = line.chars().take(4).collect::<String>().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mail = body(&mut stream).await?;
                kept.take(mail, &receiver)
            }
            "RCPT" => {
                line.trim_end().clone_into(&mut receiver);
                "250 ok".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "250 ok".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// Up to the lone dot.
async fn body(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let (mut mail, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(mail);
        }
        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
