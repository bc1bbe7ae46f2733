use serde_json::{Value, json};
use testkit::Env;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use super::*;
use crate::MIGRATOR;

struct Server {
    smtp: SocketAddr,
    http: SocketAddr,
    _env: Env,
}

impl Server {
    async fn start() -> Server {
        let env = Env::start("sandbox", &MIGRATOR).await;
        let world = World { ctx: env.ctx.clone(), pg: env.pg.clone(), data_dir: "/nowhere".into() };
        let port_0 = "127.0.0.1:0".parse().unwrap();
        let smtp = serve_smtp(&world, port_0).await.unwrap();
        let http = boot::http::serve(&env.ctx, "world", port_0, router(&world)).await.unwrap();
        Server { smtp, http, _env: env }
    }

    async fn mailbox(&self, query: &str) -> Vec<Value> {
        boot::install_tls();
        let url = format!("http://{}/control/mailbox{query}", self.http);
        let box_: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        box_["messages"].as_array().unwrap().clone()
    }

    async fn fail(&self, fail: Value) -> u16 {
        boot::install_tls();
        let url = format!("http://{}/control/mailbox/fail", self.http);
        reqwest::Client::new().post(url).json(&fail).send().await.unwrap().status().as_u16()
    }
}

/// Says lines, and returns the codes it hears.
async fn talk(server: &Server, lines: &[&str]) -> Vec<String> {
    let mut stream = BufReader::new(TcpStream::connect(server.smtp).await.unwrap());
    let mut codes = vec![hear(&mut stream).await];
    for line in lines {
        stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        codes.push(hear(&mut stream).await);
    }
    codes
}

/// The code of an answer, which may have several lines.
async fn hear(stream: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await.unwrap();
        if line.chars().nth(3) != Some('-') {
            return line.chars().take(3).collect();
        }
    }
}

const MAIL: &str = "Message-ID: <1@mizan.example>\r\nSubject: =?utf-8?b?2KXZiti12KfZhA==?=\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\nReceipt 1\r\n..dot\r\n.";

fn letter() -> [&'static str; 6] {
    ["EHLO me", "MAIL FROM:<no-reply@mizan.example>", "RCPT TO:<Sara@Example.com>", "DATA", MAIL, "QUIT"]
}

#[tokio::test]
async fn a_mail_is_kept_and_read_by_its_receiver() {
    let server = Server::start().await;
    assert_eq!(talk(&server, &letter()).await, ["220", "250", "250", "250", "354", "250", "221"]);
    let mails = server.mailbox("?to=sara@example.com").await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["subject"], "إيصال");
    assert_eq!(mails[0]["to"], "sara@example.com");
    assert_eq!(mails[0]["headers"]["message-id"], "<1@mizan.example>");
    let text = mails[0]["text"].as_str().unwrap();
    assert!(text.contains("Receipt 1") && text.contains("\n.dot"), "{text}");
    assert!(server.mailbox("?to=omar@example.com").await.is_empty());
}

#[tokio::test]
async fn a_copy_of_a_mail_is_counted_and_not_shown_twice() {
    let server = Server::start().await;
    talk(&server, &letter()).await;
    talk(&server, &letter()).await;
    let mails = server.mailbox("").await;
    assert_eq!((mails.len(), &mails[0]["copies"]), (1, &json!(2)));
}

#[tokio::test]
async fn a_server_in_trouble_refuses_as_often_as_it_was_told() {
    let server = Server::start().await;
    assert_eq!(server.fail(json!({ "times": 1, "status": 451 })).await, 204);
    assert_eq!(server.fail(json!({ "times": 1, "status": 200 })).await, 422);
    assert_eq!(talk(&server, &letter()).await[5], "451");
    assert!(server.mailbox("").await.is_empty());
    assert_eq!(talk(&server, &letter()).await[5], "250");
}

#[tokio::test]
async fn commands_out_of_order_and_mails_that_are_too_long_are_refused() {
    let server = Server::start().await;
    let out_of_order = ["DATA", "RCPT TO:<a@b.example>", "MAIL FROM:a", "BDAT 1", "RSET", "NOOP"];
    assert_eq!(talk(&server, &out_of_order).await, ["220", "503", "503", "501", "502", "250", "250"]);

    let long = format!("{}.", format!("{}\r\n", "x".repeat(998)).repeat(1_100));
    let lines = ["HELO me", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "DATA", &long, "NOOP"];
    assert_eq!(talk(&server, &lines).await, ["220", "250", "250", "250", "354", "552", "250"]);
}
