//! What the public reads.
use boot::Problem;
use proto::catalogue::v1 as pb;
use proto::catalogue::v1::price_list_service_client::PriceListServiceClient;

use crate::stack::Stack;

async fn listed(stack: &Stack, agency_id: &str, date: &str) -> Result<pb::ListPricesResponse, Problem> {
    let mut prices = PriceListServiceClient::new(boot::grpc::channel(&stack.url).unwrap());
    let asked = pb::ListPricesRequest { agency_id: agency_id.to_owned(), date: date.to_owned() };
    let answer = prices.list_prices(asked).await;
    answer.map(tonic::Response::into_inner).map_err(|status| Problem::from_status(&status))
}

#[tokio::test]
async fn every_service_of_every_agency_is_in_the_price_list_in_both_languages() {
    let stack = Stack::with_data().await;
    let all = listed(&stack, "", "").await.unwrap();
    assert_eq!((all.date.as_str(), all.agencies.len()), ("2026-01-15", 12));
    let mut services = 0;
    for agency in &all.agencies {
        assert!(agency.services.is_empty());
        let own = listed(&stack, &agency.agency_id, "2026-06-01").await.unwrap().agencies.remove(0);
        assert_eq!(own.name, agency.name);
        for service in &own.services {
            let line = service.lines.first().unwrap();
            assert!(!line.en.is_empty() && !line.ar.is_empty(), "{service:?}");
            assert!(!line.en.contains('{') && !line.ar.contains('{'), "{service:?}");
        }
        services += own.services.len();
    }
    assert_eq!(services, 34);
    let copy = listed(&stack, "JUS", "").await.unwrap().agencies.remove(0);
    let copy = copy.services.into_iter().find(|service| service.service_code == "COPY").unwrap();
    let line = copy.lines.first().unwrap();
    assert_eq!((line.en.as_str(), line.ar.as_str()), ("BHD 0.250 × pages", "0.250 د.ب. × pages"));

    let code = |refused: Result<_, Problem>| refused.map(drop).unwrap_err().code.to_string();
    assert_eq!(code(listed(&stack, "ZZZ", "").await), "agency_unknown");
    assert_eq!(code(listed(&stack, "JUS", "tomorrow").await), "field_invalid");
}
