//! Services, and what they tell each other.
use crate::telemetry::panel::{Board, Row, lines};

pub(super) fn services() -> Board {
    Board {
        uid: "mizan-services",
        title: "Mizan: services",
        what: "rate, errors and duration of each service",
        rows: vec![grpc(), http(), does_the_platform_say_what_git_says()],
    }
}

fn grpc() -> Row {
    Row {
        question: "gRPC: how many, how many broke, how long?",
        panels: vec![
            lines(
                "Calls",
                "reqps",
                &[(
                    "sum by (job) (rate(mizan_grpc_server_seconds_count{$ours}[$__rate_interval]))",
                    "{{job}}",
                )],
            ),
            lines(
                "Calls that broke on our side",
                "reqps",
                &[(
                    r#"sum by (job, call) (rate(mizan_grpc_server_seconds_count{$ours, code=~"INTERNAL|UNKNOWN|UNAVAILABLE|DEADLINE_EXCEEDED|DATA_LOSS|RESOURCE_EXHAUSTED"}[$__rate_interval]))"#,
                    "{{call}}",
                )],
            ),
            lines(
                "99 of 100 within",
                "s",
                &[(
                    "histogram_quantile(0.99, sum by (job, le) (rate(mizan_grpc_server_seconds_bucket{$ours}[$__rate_interval])))",
                    "{{job}}",
                )],
            ),
        ],
    }
}

fn http() -> Row {
    Row {
        question: "HTTP: how many, how many broke, how long?",
        panels: vec![
            lines(
                "Requests",
                "reqps",
                &[
                    ("sum(rate(mizan_http_api_seconds_count{$ours}[$__rate_interval]))", "API"),
                    ("sum(rate(mizan_http_pages_seconds_count{$ours}[$__rate_interval]))", "pages"),
                    ("sum(rate(mizan_http_device_seconds_count{$ours}[$__rate_interval]))", "devices"),
                    ("sum(rate(mizan_http_callbacks_seconds_count{$ours}[$__rate_interval]))", "callbacks"),
                ],
            ),
            lines(
                "Requests that broke on our side",
                "reqps",
                &[(
                    r#"sum by (call, code) (rate(mizan_http_api_seconds_count{$ours, code=~"5.."}[$__rate_interval]))"#,
                    "{{call}} {{code}}",
                )],
            ),
            lines(
                "API, 99 of 100 within",
                "s",
                &[(
                    "histogram_quantile(0.99, sum by (call, le) (rate(mizan_http_api_seconds_bucket{$ours}[$__rate_interval])))",
                    "{{call}}",
                )],
            ),
        ],
    }
}

fn does_the_platform_say_what_git_says() -> Row {
    Row {
        question: "Does the platform say what git says?",
        panels: vec![
            lines(
                "Objects that the platform says something else about",
                "short",
                &[("max by (kind) (mizan_operator_drifted{$ours})", "{{kind}}")],
            ),
            lines(
                "Looks at objects",
                "short",
                &[(
                    "sum by (kind, outcome) (increase(mizan_operator_reconciles_total{$ours}[$__rate_interval]))",
                    "{{kind}} {{outcome}}",
                )],
            ),
            lines("Replicas that lead", "short", &[("sum(mizan_operator_leader{$ours})", "")]),
        ],
    }
}

pub(super) fn messages() -> Board {
    Board {
        uid: "mizan-messages",
        title: "Mizan: messages",
        what: "events between services, webhooks and e-mail",
        rows: vec![is_told_what_happened(), is_heard_what_was_told(), do_agencies_and_payers_hear_of_it()],
    }
}

fn is_told_what_happened() -> Row {
    Row {
        question: "Is told what happened?",
        panels: vec![
            lines(
                "Oldest event that is not published",
                "s",
                &[("max by (job) (mizan_outbox_oldest_unpublished_seconds{$ours})", "{{job}}")],
            ),
            lines(
                "Events published",
                "short",
                &[("sum by (job) (rate(mizan_outbox_published_total{$ours}[$__rate_interval]))", "{{job}}")],
            ),
            lines(
                "Events sent again",
                "short",
                &[(
                    "sum by (job) (increase(mizan_outbox_sent_again_total{$ours}[$__rate_interval]))",
                    "{{job}}",
                )],
            ),
        ],
    }
}

fn is_heard_what_was_told() -> Row {
    Row {
        question: "Is heard what was told?",
        panels: vec![
            lines(
                "Oldest event that is not handled",
                "s",
                &[("max by (consumer) (mizan_bus_unhandled_oldest_seconds{$ours})", "{{consumer}}")],
            ),
            lines(
                "Events that wait",
                "short",
                &[("max by (consumer) (mizan_bus_waiting{$ours})", "{{consumer}}")],
            ),
            lines(
                "Handled, failed, delivered again",
                "short",
                &[
                    (
                        "sum by (consumer) (rate(mizan_bus_consumed_total{$ours}[$__rate_interval]))",
                        "{{consumer}}",
                    ),
                    (
                        "sum by (consumer) (rate(mizan_bus_failed_total{$ours}[$__rate_interval]))",
                        "{{consumer}} failed",
                    ),
                    (
                        "sum by (consumer) (rate(mizan_bus_redelivered_total{$ours}[$__rate_interval]))",
                        "{{consumer}} again",
                    ),
                ],
            ),
        ],
    }
}

fn do_agencies_and_payers_hear_of_it() -> Row {
    Row {
        question: "Do agencies and payers hear of it?",
        panels: vec![
            lines(
                "Oldest on its way, oldest that is due",
                "s",
                &[
                    ("max by (way) (mizan_notifications_oldest_undelivered_seconds{$ours})", "{{way}}"),
                    ("max by (way) (mizan_notifications_oldest_due_seconds{$ours})", "{{way}} due"),
                ],
            ),
            lines(
                "Tries, by answer",
                "short",
                &[(
                    "sum by (way, answer) (rate(mizan_notifications_tries_total{$ours}[$__rate_interval]))",
                    "{{way}} {{answer}}",
                )],
            ),
            lines(
                "First call of a webhook, 99 of 100 within",
                "s",
                &[(
                    "histogram_quantile(0.99, sum by (le) (rate(mizan_notifications_webhook_first_try_seconds_bucket{$ours}[$__rate_interval])))",
                    "webhooks",
                )],
            ),
        ],
    }
}
