//! A machine decides for persons, and only the one that leads.
use boot::{Call, Problem};
use proto::catalogue::v1::{PutFeeServiceRequest, PutFeeServiceResponse};
use proto::common::v1::LocalText;
use tonic::{Code, Request, Status};

use crate::stack::Stack;

const FENCE: &str = "mizan-fence";
const WRITER: &str = "mizan-writer";

fn named(name: &str) -> Request<PutFeeServiceRequest> {
    let name = Some(LocalText { en: name.to_owned(), ar: "خدمة".to_owned() });
    let service = PutFeeServiceRequest { agency_id: "TRF".to_owned(), service_code: "NEW".to_owned(), name };
    Call::by("staff:1").request(service).unwrap()
}

fn fenced(writer: &'static str, fence: &'static str, name: &str) -> Request<PutFeeServiceRequest> {
    let mut request = named(name);
    request.metadata_mut().insert(WRITER, writer.parse().unwrap());
    request.metadata_mut().insert(FENCE, fence.parse().unwrap());
    request
}

impl Stack {
    async fn put(&mut self, asked: Request<PutFeeServiceRequest>) -> Result<String, Status> {
        let name = |put: PutFeeServiceResponse| put.fee_service.unwrap().name.unwrap().en;
        self.client.put_fee_service(asked).await.map(|answer| name(answer.into_inner()))
    }
}

#[tokio::test]
async fn who_led_before_writes_no_more_and_hears_which_number_has_written() {
    let mut t = Stack::with_data().await;
    assert_eq!(t.put(fenced("mizan/operator", "2", "of the second")).await.unwrap(), "of the second");

    let refused = t.put(fenced("mizan/operator", "1", "of the first")).await.unwrap_err();
    let problem = Problem::from_status(&refused);
    assert_eq!((problem.code.as_str(), problem.kind), ("fence_stale", Code::FailedPrecondition));
    assert_eq!(refused.metadata().get(FENCE).unwrap(), "2");

    // The same leader again, the next one, another writer, and a person.
    for asked in [
        fenced("mizan/operator", "2", "again"),
        fenced("mizan/operator", "3", "of the third"),
        fenced("other/operator", "1", "of another"),
        named("of a person"),
    ] {
        t.put(asked).await.unwrap();
    }
    let seen = t.put(fenced("mizan/operator", "2", "late")).await.unwrap_err();
    assert_eq!(seen.metadata().get(FENCE).unwrap(), "3");
}

#[tokio::test]
async fn a_fence_is_a_number_and_says_whose_it_is() {
    let mut t = Stack::with_data().await;
    let mut nameless = named("x");
    nameless.metadata_mut().insert(FENCE, "1".parse().unwrap());
    for (asked, field) in
        [(fenced("w", "0", "x"), FENCE), (fenced("w", "one", "x"), FENCE), (nameless, WRITER)]
    {
        let problem = Problem::from_status(&t.put(asked).await.unwrap_err());
        assert_eq!((problem.code.as_str(), problem.field.as_deref()), ("field_invalid", Some(field)));
    }
}
