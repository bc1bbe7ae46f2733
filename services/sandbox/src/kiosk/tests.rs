//! The power goes before each write in turn, once or twice: every note is in the books once.
use boot::Ids;
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use standards::device_journal::{Body, SessionOpened};
use testkit::Env;

use super::acceptor::count;
use super::device::{Kiosk, SetUp};
use super::disk::power;
use super::host::PowerCut;
use super::session::sessions;
use crate::{Error, MIGRATOR, World};

const DUE_FILS: i64 = 6_000;
/// 5.000, 1.000: enough with both.
const HAND: [u8; 2] = [3, 2];

struct Bench {
    env: Env,
    key: SetUp,
}

impl Bench {
    async fn new() -> Bench {
        boot::install_tls();
        let env = Env::start("sandbox", &MIGRATOR).await;
        let own = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let certificate = CertificateParams::default().self_signed(&own).unwrap();
        let key = SetUp {
            relay_url: "https://127.0.0.1:1".to_owned(),
            relay_ca_pem: certificate.pem(),
            certificate_pem: String::new(),
            bill_key: hex::encode(own.public_key_raw()),
        };
        Bench { env, key }
    }

    fn world(&self, folder: &tempfile::TempDir) -> World {
        std::fs::create_dir_all(folder.path().join("kiosks/KSK-0001")).unwrap();
        World { ctx: self.env.ctx.clone(), pg: self.env.pg.clone(), data_dir: folder.path().to_owned() }
    }

    /// The kiosk as its disk has it. Its key is made at the first time.
    fn kiosk(&self, world: &World) -> Kiosk {
        let folder = world.data_dir.join("kiosks/KSK-0001");
        let seed = Ids::seeded(1).bytes::<32>();
        std::fs::write(folder.join("key"), seed).unwrap();
        let own = super::device::key_pair(&ed25519_dalek::SigningKey::from_bytes(&seed)).unwrap();
        let certificate_pem = CertificateParams::default().self_signed(&own).unwrap().pem();
        Kiosk::open(world, "KSK-0001", &SetUp { certificate_pem, ..self.key.clone() }).unwrap()
    }
}

/// A payer with [`HAND`].
fn pay(kiosk: &mut Kiosk, cut: Option<PowerCut>) -> Result<(), Error> {
    kiosk.boot()?;
    kiosk.write(&Body::SessionOpened(SessionOpened {
        bill_ref: "TRF-1".to_owned(),
        due_fils: DUE_FILS,
        session_id: "S-1".to_owned(),
    }))?;
    kiosk.hand = HAND.to_vec();
    kiosk.go_on(cut)
}

/// Starts again after a power cut; who stood there has gone.
fn recover(kiosk: &mut Kiosk) -> Result<(), Error> {
    kiosk.boot()?;
    kiosk.end_session().map(drop)
}

/// Σ notes = Σ stacked records, and no session is left open.
fn check(kiosk: &Kiosk, when: &str) -> i64 {
    let counted: i64 = count(&kiosk.folder).unwrap().iter().map(|(fils, count)| fils * count).sum();
    let all = sessions(&kiosk.journal);
    let booked: i64 = all.iter().map(|session| session.stacked_fils).sum();
    assert_eq!(counted, booked, "{when}");
    assert!(all.iter().all(|session| session.over), "{when}");
    let key = kiosk.journal.key().verifying_key();
    kiosk.journal.after(0).iter().for_each(|signed| signed.verify(&key).unwrap());
    counted
}

#[tokio::test]
async fn a_power_cut_before_any_write_loses_and_doubles_no_note() {
    let bench = Bench::new().await;
    let mut cut_after = 0;
    loop {
        let folder = tempfile::tempdir().unwrap();
        let world = bench.world(&folder);
        let mut kiosk = bench.kiosk(&world);
        power::lasts(Some(cut_after));
        let ended = pay(&mut kiosk, None);
        power::lasts(None);
        drop(kiosk);
        // The power goes again while it recovers, at every write of that too.
        for again_after in 0.. {
            let mut kiosk = bench.kiosk(&world);
            power::lasts(Some(again_after));
            let recovered = recover(&mut kiosk);
            power::lasts(None);
            if recovered.is_ok() {
                let counted = check(&kiosk, &format!("cut after {cut_after}, again up to {again_after}"));
                assert!(ended.is_err() || counted == DUE_FILS);
                break;
            }
        }
        if ended.is_ok() {
            break;
        }
        cut_after += 1;
    }
    assert!(cut_after > 15, "each write was cut once: {cut_after}");
}

#[tokio::test]
async fn the_payer_goes_on_after_the_power_came_back() {
    let bench = Bench::new().await;
    for cut in [PowerCut::Escrowed, PowerCut::Stacked] {
        let folder = tempfile::tempdir().unwrap();
        let world = bench.world(&folder);
        let mut kiosk = bench.kiosk(&world);
        pay(&mut kiosk, Some(cut)).unwrap();
        assert!(kiosk.acceptor.is_none(), "the power is off");
        kiosk.power_on().unwrap();
        assert_eq!(check(&kiosk, &format!("{cut:?}")), DUE_FILS);
    }
}
