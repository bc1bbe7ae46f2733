//! Services: ready, and within reach of those who call them.
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::super::refusal;
use super::Check;
use super::report::Finding;

/// What the service itself says: each dependency, and why it misses.
pub fn health(service: &str, url: String) -> Check {
    let name = service.to_owned();
    Check::new(service, "ready", async move { vec![ready(&name, &url).await] })
}

async fn ready(service: &str, url: &str) -> Finding {
    let answer = match reqwest::get(format!("{}/ready", url.trim_end_matches('/'))).await {
        Ok(answer) => answer,
        Err(error) => {
            let why = boot::start_error::chain(&error);
            let todo =
                format!("start `mizan {service}`, or say where it is: --health {service}=http://host:port");
            return Finding::wrong(format!("does not answer at {url}: {why}"), todo);
        }
    };
    let is_ready = answer.status().is_success();
    let said = answer.text().await.unwrap_or_default();
    let said = said.lines().collect::<Vec<_>>().join("; ");
    if !is_ready {
        return Finding::wrong(said, "mend what it names; it becomes ready by itself");
    }
    if said.contains(" missed ") {
        return Finding::warn(said, "three misses in a row make it not ready: look at what it names");
    }
    Finding::ok(said)
}

/// Whether a service answers where a setting says it does; `settings` are those that say so.
pub fn grpc(url: String, settings: String) -> Check {
    Check::new(url.clone(), "gRPC", async move { vec![answers(&url, &settings).await] })
}

async fn answers(url: &str, settings: &str) -> Finding {
    let channel = match boot::grpc::channel(url) {
        Ok(channel) => channel,
        Err(error) => return Finding::refused(&error),
    };
    let asked = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
    match asked.map(|answer| answer.into_inner().status()) {
        Ok(ServingStatus::Serving) => Finding::ok(format!("answers ({settings})")),
        Ok(ServingStatus::Unknown | ServingStatus::NotServing | ServingStatus::ServiceUnknown) => {
            Finding::warn(
                format!("answers, and is not ready ({settings})"),
                "look at that service's line `ready`",
            )
        }
        Err(status) => Finding::wrong(
            format!("no answer: {}", refusal(&status)),
            format!("start that service, or correct {settings}"),
        ),
    }
}
