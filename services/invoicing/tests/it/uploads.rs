use std::collections::BTreeMap;

use money::{Currency, Money};
use serde_json::Value;

use crate::Stack;
use crate::stack::{call, fine, sample};

#[tokio::test]
async fn the_four_files_give_exactly_what_a_correct_reader_finds() {
    let t = Stack::start().await;
    let expected: BTreeMap<String, Value> = serde_json::from_slice(&sample("expected.json")).unwrap();
    assert_eq!(expected.len(), 4);
    for (name, wanted) in expected {
        let agency = wanted["agency"].as_str().unwrap();
        let upload = t.upload(agency, &name, &sample(&name)).await.unwrap();

        let text = |key: &str| wanted[key].as_str();
        assert_eq!(upload.encoding, text("encoding").unwrap_or("XLSX"), "{name}");
        assert_eq!(upload.delimiter, text("delimiter").unwrap_or(""), "{name}");
        assert_eq!(i64::from(upload.rows), wanted["rows"].as_i64().unwrap(), "{name}");
        assert_eq!(i64::from(upload.valid), wanted["valid"].as_i64().unwrap(), "{name}");
        let restored = wanted["cpr_leading_zero_restored"].as_i64().unwrap_or(0);
        assert_eq!(i64::from(upload.cpr_leading_zero_restored), restored, "{name}");
        let total = Money::from_json_amount(text("valid_total_bhd").unwrap(), Currency::Bhd).unwrap();
        assert_eq!(upload.valid_total.unwrap().minor_units, total.minor_units(), "{name}");

        let found = t.errors(agency, &upload.upload_id).await;
        let listed: Vec<_> =
            found.iter().map(|e| (i64::from(e.row), i64::from(e.column), e.code.as_str())).collect();
        let errors = wanted["errors"].as_array().unwrap().iter();
        let wanted: Vec<_> = errors
            .map(|e| (e["row"].as_i64().unwrap(), e["column"].as_i64().unwrap(), e["code"].as_str().unwrap()))
            .collect();
        assert_eq!(listed, wanted, "{name}");
        assert_eq!(usize::try_from(upload.errors).unwrap(), wanted.len());
        for error in found {
            let message = error.message.unwrap();
            assert!(message.en.ends_with('.') && message.ar.ends_with('.'), "{}", error.code);
            assert!(!message.en.contains('{') && !message.ar.contains('{'), "{}", message.en);
        }
    }
}

#[tokio::test]
async fn the_same_bytes_are_the_same_upload() {
    let t = Stack::start().await;
    let file = sample("judgment-copies.csv");
    let first = t.upload_with_key("JUS", "a", "copies.csv", &file).await.unwrap();
    let again = t.upload_with_key("JUS", "b", "other name.csv", &file).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(t.upload_with_key("JUS", "a", "copies.csv", &file).await.unwrap(), first);

    let mut other = file.clone();
    other.extend(b"\r\n");
    let refused = t.upload_with_key("JUS", "a", "copies.csv", &other).await.unwrap_err();
    assert_eq!(refused.code, "idempotency_key_reused");
    assert_eq!(t.count("upload").await, 1);
}

#[tokio::test]
async fn twins_at_the_same_time_make_one_upload() {
    let t = Stack::start().await;
    let file = sample("judgment-copies.csv");
    let send = |key: String| {
        let (t, file) = (&t, &file);
        async move { t.upload_with_key("JUS", &key, "copies.csv", file).await.unwrap() }
    };
    let same_key = futures::future::join_all((0..4).map(|_| send("same".to_owned()))).await;
    let other_keys = futures::future::join_all((0..4).map(|n| send(format!("other-{n}")))).await;
    assert!(same_key.iter().chain(&other_keys).all(|upload| *upload == same_key[0]));
    assert_eq!(
        (t.count("upload").await, t.count("upload_part").await, t.count("upload_piece").await),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn another_agency_sees_nothing_of_it() {
    let t = Stack::start().await;
    let upload = t.upload("JUS", "copies.csv", &sample("judgment-copies.csv")).await.unwrap();
    let id = upload.upload_id.as_str();
    assert_eq!(t.get_upload("JUS", id).await.unwrap(), upload);
    assert_eq!(t.get_upload("TRF", id).await.unwrap_err().code, "upload_unknown");
    assert_eq!(t.corrections("TRF", id).await.unwrap_err().code, "upload_unknown");
    assert_eq!(t.issue("TRF", "k", &upload, |_| {}).await.unwrap_err().code, "upload_unknown");
}

#[tokio::test]
async fn a_call_without_a_key_or_agency_is_refused_before_its_bytes() {
    let t = Stack::start().await;
    let send = async |call: boot::Call| {
        let request = call.request(futures::stream::iter([])).unwrap();
        let status = t.uploads.clone().create_upload(request).await.unwrap_err();
        boot::Problem::from_status(&status).code.to_string()
    };
    let (mut no_key, mut no_agency) = (call("JUS", "k"), call("JUS", "k"));
    no_key.idempotency_key = None;
    no_agency.agency = None;
    assert_eq!(send(no_key).await, "idempotency_key_missing");
    assert_eq!(send(no_agency).await, "agency_missing");
    assert_eq!(send(call("JUS", "k")).await, "upload_stream_invalid");
}

#[tokio::test]
async fn without_the_catalogue_nothing_is_begun() {
    // Port 9 discards what nobody listens to.
    let t = Stack::start_beside("http://127.0.0.1:9").await;
    let upload = t.upload("JUS", "copies.csv", &sample("judgment-copies.csv")).await.unwrap_err();
    let single = t.issue_invoice("TRF", "k", fine("TF-1")).await.unwrap_err();
    for refused in [upload, single] {
        assert_eq!((refused.code.as_str(), refused.kind), ("unavailable", tonic::Code::Unavailable));
        assert!(refused.retry_after_ms.is_some(), "says when to come back");
    }
    assert_eq!((t.count("upload").await, t.count("party").await, t.count("idempotency").await), (0, 0, 0));
}
