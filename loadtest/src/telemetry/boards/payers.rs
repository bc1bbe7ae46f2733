//! What payers and their money see.
use crate::telemetry::panel::{Board, Row, figure, lines};

pub(super) fn citizens() -> Board {
    Board {
        uid: "mizan-citizens",
        title: "Mizan: citizens",
        what: "payments now, for whoever is on call",
        rows: vec![
            can_people_pay(),
            do_they_know_that_they_have_paid(),
            how_do_pages_and_bills_feel(),
            which_promises_do_we_keep(),
        ],
    }
}

fn can_people_pay() -> Row {
    Row {
        question: "Can people pay?",
        panels: vec![
            lines(
                "Captured payments a minute, by channel",
                "short",
                &[(
                    r#"60 * sum by (channel) (rate(mizan_payments_outcomes_total{$ours, outcome="captured"}[$__rate_interval]))"#,
                    "{{channel}}",
                )],
            ),
            lines(
                "Payments that ended otherwise, a minute",
                "short",
                &[(
                    r#"60 * sum by (outcome) (rate(mizan_payments_outcomes_total{$ours, outcome=~"failed|expired|cancelled"}[$__rate_interval]))"#,
                    "{{outcome}}",
                )],
            ),
            lines(
                "Starting a payment, by answer",
                "reqps",
                &[(
                    r#"sum by (code) (rate(mizan_http_api_seconds_count{$ours, call="POST /v1/payments"}[$__rate_interval]))"#,
                    "{{code}}",
                )],
            ),
        ],
    }
}

fn do_they_know_that_they_have_paid() -> Row {
    Row {
        question: "Do they know that they have paid?",
        panels: vec![
            lines(
                "From the start to a known outcome",
                "s",
                &[
                    (
                        r#"histogram_quantile(0.5, sum by (le) (rate(mizan_payments_known_seconds_bucket{$ours, outcome=~"paid|declined"}[$__rate_interval])))"#,
                        "half of them",
                    ),
                    (
                        r#"histogram_quantile(0.95, sum by (le) (rate(mizan_payments_known_seconds_bucket{$ours, outcome=~"paid|declined"}[$__rate_interval])))"#,
                        "19 of 20",
                    ),
                ],
            ),
            figure("Oldest unknown outcome", "s", "max(mizan_payments_unknown_oldest_seconds{$ours})"),
            lines(
                "Answers of providers",
                "reqps",
                &[(
                    "sum by (provider, answered) (rate(mizan_payments_provider_calls_total{$ours}[$__rate_interval]))",
                    "{{provider}} answered: {{answered}}",
                )],
            ),
        ],
    }
}

fn how_do_pages_and_bills_feel() -> Row {
    Row {
        question: "How do pages and bills feel?",
        panels: vec![
            lines(
                "Pages, 99 of 100 within",
                "s",
                &[(
                    "histogram_quantile(0.99, sum by (le) (rate(mizan_http_pages_seconds_bucket{$ours}[$__rate_interval])))",
                    "pages",
                )],
            ),
            lines(
                "Finding a bill, 99 of 100 within",
                "s",
                &[(
                    r#"histogram_quantile(0.99, sum by (le) (rate(mizan_grpc_server_seconds_bucket{$ours, call="mizan.payments.v1.PaymentService/GetReceivable"}[$__rate_interval])))"#,
                    "bills",
                )],
            ),
            lines(
                "Pages that broke",
                "reqps",
                &[(
                    r#"sum by (call) (rate(mizan_http_pages_seconds_count{$ours, code=~"5.."}[$__rate_interval]))"#,
                    "{{call}}",
                )],
            ),
        ],
    }
}

fn which_promises_do_we_keep() -> Row {
    Row {
        question: "Which promises do we keep?",
        panels: vec![
            lines(
                "Errors of the last hour",
                "percentunit",
                &[(r#"mizan:slo_errors:ratio_rate1h{namespace=~"$namespace"}"#, "{{slo}}")],
            ),
            lines(
                "Errors of the last thirty days",
                "percentunit",
                &[(r#"mizan:slo_errors:ratio_rate30d{namespace=~"$namespace"}"#, "{{slo}}")],
            ),
        ],
    }
}

pub(super) fn money() -> Board {
    Board {
        uid: "mizan-money",
        title: "Mizan: money",
        what: "books, doubt and open questions, for finance and on call",
        rows: vec![do_the_books_hold(), doubt(), what_must_a_person_decide()],
    }
}

fn do_the_books_hold() -> Row {
    Row {
        question: "Do the books hold?",
        panels: vec![
            figure(
                "Difference of the books, fils",
                "short",
                "max(mizan_payments_books_difference_fils{$ours})",
            ),
            figure("Since a day that is not closed", "s", "max(mizan_payments_day_unclosed_seconds{$ours})"),
            lines(
                "COMMITs without an answer",
                "short",
                &[(
                    "sum(increase(mizan_payments_commits_read_back_total{$ours}[$__rate_interval]))",
                    "read back",
                )],
            ),
        ],
    }
}

fn doubt() -> Row {
    Row {
        question: "Where is it not known whether money moved?",
        panels: vec![
            lines(
                "Age of the oldest",
                "s",
                &[
                    ("max(mizan_payments_unknown_oldest_seconds{$ours})", "unknown outcome"),
                    ("max(mizan_payments_unposted_oldest_seconds{$ours})", "sign of money, not in the books"),
                    (
                        "max by (provider) (mizan_payments_work_oldest_due_seconds{$ours})",
                        "call to {{provider}} that is due",
                    ),
                ],
            ),
            lines(
                "Calls to providers that are due",
                "short",
                &[("max by (provider) (mizan_payments_work_due{$ours})", "{{provider}}")],
            ),
            lines(
                "Providers that rest",
                "short",
                &[("max by (provider) (mizan_payments_provider_resting{$ours})", "{{provider}}")],
            ),
        ],
    }
}

fn what_must_a_person_decide() -> Row {
    Row {
        question: "What must a person decide?",
        panels: vec![
            lines(
                "Open cases, by kind",
                "short",
                &[("max by (kind) (mizan_payments_cases{$ours})", "{{kind}}")],
            ),
            lines(
                "Oldest case, by kind",
                "s",
                &[("max by (kind) (mizan_payments_cases_oldest_seconds{$ours})", "{{kind}}")],
            ),
        ],
    }
}
