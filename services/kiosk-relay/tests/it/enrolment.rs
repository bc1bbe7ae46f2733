//! From a serial on a plate to a device that takes money.

use std::time::Duration;

use proto::kiosk::v1::DeviceState;
use serde_json::json;

use crate::{
    kiosk::Kiosk,
    stack::{REGISTRAR, SECOND, Stack},
};

#[tokio::test]
async fn a_code_enrols_one_key_once_and_a_lost_answer_is_given_again() {
    let t = Stack::start().await;
    let code = t.register("KSK-0001", REGISTRAR).await.unwrap();
    assert_eq!(code.len(), 40, "160 bits");
    assert_eq!(t.device("KSK-0001").await.state(), DeviceState::Registered);

    let mut kiosk = Kiosk::new("KSK-0001", &t.relay_url(), &t.ca_pem());
    let (status, first) = kiosk.enrol(&code).await;
    assert_eq!((status, first["state"].as_str()), (200, Some("pending")), "{first}");
    assert_eq!(t.device("KSK-0001").await.state(), DeviceState::Pending);

    let (status, again) = kiosk.anonymous().enrol(&code).await;
    assert_eq!((status, &again["certificate_pem"]), (200, &first["certificate_pem"]));

    let thief = Kiosk::new("KSK-9999", &t.relay_url(), &t.ca_pem());
    let (status, answer) = thief.post("enrol", &json!({ "code": code, "csr_pem": thief.csr_pem() })).await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("enrolment_code_invalid")));
}

#[tokio::test]
async fn wrong_expired_and_replaced_codes_say_the_same() {
    let t = Stack::start().await;
    let lost = t.register("KSK-0001", REGISTRAR).await.unwrap();
    let code = t.register("KSK-0001", REGISTRAR).await.unwrap();
    let mut kiosk = Kiosk::new("KSK-0001", &t.relay_url(), &t.ca_pem());
    let other = Kiosk::new("KSK-0002", &t.relay_url(), &t.ca_pem());
    let mut answers = vec![kiosk.enrol(&lost).await, kiosk.enrol(&"0".repeat(40)).await];
    answers.push(other.clone().enrol(&code).await);
    t.env.clock.advance(Duration::from_hours(1));
    answers.push(kiosk.enrol(&code).await);
    for (status, answer) in &answers {
        assert_eq!((*status, answer), (403, &answers[0].1));
        assert_eq!(answer["code"], "enrolment_code_invalid");
    }
    assert_eq!(t.device("KSK-0001").await.state(), DeviceState::Registered);
}

#[tokio::test]
async fn a_request_that_proves_no_ed25519_key_is_refused() {
    let t = Stack::start().await;
    let code = t.register("KSK-0001", REGISTRAR).await.unwrap();
    let kiosk = Kiosk::new("KSK-0001", &t.relay_url(), &t.ca_pem());
    let p256 = rcgen::KeyPair::generate().unwrap();
    let p256 = rcgen::CertificateParams::default().serialize_request(&p256).unwrap().pem().unwrap();
    for csr_pem in ["nonsense", &p256] {
        let (status, answer) = kiosk.post("enrol", &json!({ "code": code, "csr_pem": csr_pem })).await;
        assert_eq!((status, answer["field"].as_str()), (422, Some("csr_pem")), "{answer}");
    }
}

#[tokio::test]
async fn a_second_person_activates() {
    let t = Stack::start().await;
    let mut kiosk = t.enrolled("KSK-0001").await;
    let early = kiosk.session("S-1", "TRF-1");
    let (status, answer) = kiosk.send(&early).await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("device_not_active")));

    assert_eq!(t.activate("KSK-0001", REGISTRAR).await.unwrap_err().code, "device_needs_second_person");
    assert_eq!(t.activate("KSK-0001", "anonymous").await.unwrap_err().code, "actor_missing");
    assert_eq!(t.activate("KSK-0002", SECOND).await.unwrap_err().code, "device_unknown");
    assert_eq!(t.activate("KSK-0001", SECOND).await.unwrap().state(), DeviceState::Active);
    assert_eq!(t.activate("KSK-0001", SECOND).await.unwrap().state(), DeviceState::Active);

    kiosk.sends(&early, &["appended"; 4]).await;
}

#[tokio::test]
async fn a_serial_belongs_to_its_registrar_until_it_is_enrolled() {
    let t = Stack::start().await;
    t.register("KSK-0001", REGISTRAR).await.unwrap();
    assert_eq!(t.register("KSK-0001", SECOND).await.unwrap_err().code, "device_exists");
    t.enrolled("KSK-0002").await;
    assert_eq!(t.register("KSK-0002", REGISTRAR).await.unwrap_err().code, "device_exists");
}

#[tokio::test]
async fn without_a_certificate_nothing_but_enrolment_is_open() {
    let t = Stack::start().await;
    let kiosk = t.kiosk("KSK-0001").await.anonymous();
    let answers = [
        kiosk.post("hello", &json!({})).await,
        kiosk.get("bills?ref=TRF-1").await,
        kiosk.post("sessions", &json!({})).await,
        kiosk.post("journal", &json!({})).await,
    ];
    for (status, answer) in answers {
        assert_eq!((status, answer["code"].as_str()), (401, Some("certificate_invalid")));
    }
}
