//! A broker that loses power: its store is still there, and lacks the last of what it acknowledged.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use async_nats::jetstream;
use bus::Bus;
use testkit::{Env, wait_for};

use crate::{Heard, MIGRATOR, SOON, Stack, run};

/// A NATS of this test alone.
struct Broker {
    program: PathBuf,
    address: SocketAddr,
    folder: PathBuf,
    process: Option<Child>,
}

impl Broker {
    async fn start() -> Broker {
        let address = free_address();
        // Ids repeat from test to test; two brokers never have one port.
        let name = format!("mizan-power-{}-{}", std::process::id(), address.port());
        let mut broker = Broker {
            program: testkit::tools::nats_server().unwrap(),
            address,
            folder: std::env::temp_dir().join(name),
            process: None,
        };
        broker.on(broker.address).await;
        broker
    }

    fn store(&self) -> PathBuf {
        self.folder.join("now")
    }

    fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    async fn on(&mut self, address: SocketAddr) {
        let mut command = Command::new(&self.program);
        command.args(["-js", "-a", &address.ip().to_string(), "-p", &address.port().to_string(), "-sd"]);
        command.arg(self.store()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().unwrap());
        wait_for("NATS answers", SOON, async || {
            let js = jetstream::new(async_nats::connect(format!("nats://{address}")).await.ok()?);
            js.query_account().await.ok()
        })
        .await;
    }

    fn off(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Keeps a copy of what is on the disk by now.
    fn copy(&self) {
        copy(&self.store(), &self.folder.join("then"));
    }

    /// Ends it, and puts the messages of the copy in the place of those it has.
    fn lose_power(&mut self) {
        self.off();
        let messages = |root: &Path| root.join("jetstream/$G/streams").join(bus::STREAM).join("msgs");
        let (then, now) = (messages(&self.folder.join("then")), messages(&self.store()));
        std::fs::remove_dir_all(&now).unwrap();
        copy(&then, &now);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.off();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A service whose broker is `broker`, with relay and consumer.
async fn service(env: Env, broker: &Broker) -> Stack {
    let bus = Bus::connect(&broker.url(), "MIZAN_PAYMENTS_NATS_URL", &env.ctx).await.unwrap();
    Stack { env, bus, heard: Heard::default() }.with_relay().with_consumer()
}

#[tokio::test]
async fn what_a_broker_lost_with_its_power_is_heard_again() {
    let env = Env::start("payments", &MIGRATOR).await;
    let mut broker = Broker::start().await;
    let t = service(env, &broker).await;
    let kept = t.tell(1).await;
    t.heard.at_least(1, kept.event_id).await;
    t.all_published().await;
    broker.copy();
    let lost = t.tell(2).await;
    t.heard.at_least(1, lost.event_id).await;
    t.all_published().await;

    broker.lose_power();
    broker.on(broker.address).await;

    t.heard.at_least(2, lost.event_id).await;
    t.all_published().await;
    let next = t.tell(3).await;
    t.heard.at_least(1, next.event_id).await;
    wait_for("the next has its effect", SOON, async || (t.effects().await >= 3).then_some(())).await;
    assert_eq!(t.effects().await, 3, "each event has one effect");
    assert_eq!(t.heard.of(lost.event_id), 2, "exactly once more");
}

#[tokio::test]
async fn events_of_others_in_the_lost_places_hide_nothing() {
    let env = Env::start("payments", &MIGRATOR).await;
    let mut broker = Broker::start().await;
    let t = service(env, &broker).await;
    let kept = t.tell(1).await;
    t.heard.at_least(1, kept.event_id).await;
    t.all_published().await;
    broker.copy();
    let lost = t.tell(2).await;
    t.heard.at_least(1, lost.event_id).await;
    t.all_published().await;

    broker.lose_power();
    // Others are connected again before us.
    let elsewhere = free_address();
    broker.on(elsewhere).await;
    let other = jetstream::new(async_nats::connect(format!("nats://{elsewhere}")).await.unwrap());
    for _ in 0..3 {
        other.publish("mizan.others.thing.happened", "".into()).await.unwrap().await.unwrap();
    }
    broker.off();
    broker.on(broker.address).await;

    t.heard.at_least(2, lost.event_id).await;
    t.all_published().await;
    assert_eq!(t.effects().await, 2);
}

#[tokio::test]
async fn a_store_that_ends_before_what_it_acknowledged_gets_the_last_minutes_again() {
    let t = Stack::start().await.with_relay().with_relay().with_consumer(); // two replicas
    // The broker forgets at once what it has seen: it is not the one that lost something here.
    let js = t.jetstream().await;
    let config = js.get_stream(bus::STREAM).await.unwrap().cached_info().config.clone();
    let window = std::time::Duration::from_millis(100);
    js.update_stream(jetstream::stream::Config { duplicate_window: window, ..config }).await.unwrap();
    let old = t.tell(1).await;
    t.heard.at_least(1, old.event_id).await;
    t.all_published().await;
    t.env.clock.advance(std::time::Duration::from_mins(20));
    let recent = t.tell(2).await;
    t.heard.at_least(1, recent.event_id).await;
    t.all_published().await;
    // It forgets by a timer of its own: what came again sooner would be taken for a repetition, as is this, which is younger.
    let again = async || {
        let probe = jetstream::message::PublishMessage::build().message_id("probe");
        let sent = js.send_publish("mizan.others.thing.happened", probe).await.unwrap();
        sent.await.unwrap().duplicate
    };
    assert!(!again().await, "the first");
    wait_for("the broker forgets", SOON, async || (!again().await).then_some(())).await;

    run(&t.env.pg, "UPDATE outbox_stream SET acked_seq = acked_seq + 1000").await;

    t.heard.at_least(2, recent.event_id).await;
    t.all_published().await;
    let next = t.tell(3).await;
    t.heard.at_least(1, next.event_id).await;
    t.all_published().await;
    assert_eq!((t.heard.of(recent.event_id), t.heard.of(old.event_id)), (2, 1));
    // Three events, one of them twice, and two probes.
    assert_eq!(t.count("SELECT acked_seq FROM outbox_stream").await, 6);
    assert_eq!(t.count("SELECT losses FROM outbox_stream").await, 1);
}
