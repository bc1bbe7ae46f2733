//! What waits for a person.
use std::collections::BTreeMap;

use boot::Call;
use proto::payments::v1::ListCasesRequest;
use proto::payments::v1::ledger_service_client::LedgerServiceClient;

use super::super::refusal;
use super::Check;
use super::report::Finding;

/// Open cases, as `payments` tells them.
pub fn cases(url: String) -> Check {
    Check::new("payments", "cases", async move { vec![open(&url).await] })
}

async fn open(url: &str) -> Finding {
    let todo = "say where payments answers: MIZAN_PAYMENTS_URL";
    let channel = match boot::grpc::channel(url) {
        Ok(channel) => channel,
        Err(error) => return Finding::refused(&error),
    };
    let request = match Call::by("doctor").request(ListCasesRequest::default()) {
        Ok(request) => request,
        Err(problem) => return Finding::wrong(problem.to_string(), todo),
    };
    match LedgerServiceClient::new(channel).list_cases(request).await {
        Err(status) => Finding::wrong(refusal(&status), todo),
        Ok(answer) => {
            let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
            for case in answer.into_inner().cases {
                let count = kinds.entry(case.kind).or_default();
                *count = count.saturating_add(1);
            }
            if kinds.is_empty() {
                return Finding::ok("no question waits for a person");
            }
            let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            Finding::warn(
                format!("open: {}", kinds.join(", ")),
                "`mizan ledger cases` lists them; a person must decide each",
            )
        }
    }
}
