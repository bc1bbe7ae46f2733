//! Devices, and what everything runs on.
use crate::telemetry::panel::{Board, Row, figure, lines};

pub(super) fn devices() -> Board {
    Board {
        uid: "mizan-devices",
        title: "Mizan: devices and cash",
        what: "kiosks, their journals and the cash in them",
        rows: vec![are_the_kiosks_there(), is_their_money_told_and_fetched(), is_anything_odd()],
    }
}

fn are_the_kiosks_there() -> Row {
    Row {
        question: "Are the kiosks there?",
        panels: vec![
            lines(
                "Devices, by state",
                "short",
                &[("max by (state) (mizan_kiosk_devices{$ours})", "{{state}}")],
            ),
            figure("Silent", "short", "max(mizan_kiosk_devices_silent{$ours})"),
            figure("The most silent, for", "s", "max(mizan_kiosk_silent_longest_seconds{$ours})"),
        ],
    }
}

fn is_their_money_told_and_fetched() -> Row {
    Row {
        question: "Is their money told and fetched?",
        panels: vec![
            lines(
                "Journal records, by what was done",
                "short",
                &[(
                    "sum by (result) (rate(mizan_kiosk_records_total{$ours}[$__rate_interval]))",
                    "{{result}}",
                )],
            ),
            figure("Oldest note in a device", "s", "max(mizan_kiosk_cash_oldest_seconds{$ours})"),
            lines(
                "Cash payments a minute",
                "short",
                &[(
                    r#"60 * sum by (outcome) (rate(mizan_payments_outcomes_total{$ours, channel="kiosk_cash"}[$__rate_interval]))"#,
                    "{{outcome}}",
                )],
            ),
        ],
    }
}

fn is_anything_odd() -> Row {
    Row {
        question: "Is anything odd?",
        panels: vec![
            lines(
                "Odd things devices said",
                "short",
                &[(
                    "sum by (kind) (increase(mizan_kiosk_evidence_total{$ours}[$__rate_interval]))",
                    "{{kind}}",
                )],
            ),
            figure("Forks today", "short", "sum(increase(mizan_kiosk_forks_total{$ours}[1d]))"),
            lines(
                "Kiosks' calls, 99 of 100 within",
                "s",
                &[(
                    "histogram_quantile(0.99, sum by (le) (rate(mizan_http_device_seconds_bucket{$ours}[$__rate_interval])))",
                    "calls",
                )],
            ),
        ],
    }
}

pub(super) fn platform() -> Board {
    Board {
        uid: "mizan-platform",
        title: "Mizan: platform",
        what: "processes, lanes, servers and certificates",
        rows: vec![
            is_everything_up(),
            are_the_servers_there(),
            do_the_lanes_keep_up(),
            does_payments_know_todays_rules(),
        ],
    }
}

fn is_everything_up() -> Row {
    Row {
        question: "Is everything up?",
        panels: vec![
            lines(
                "Processes that answer",
                "short",
                &[(r#"sum by (job) (up{$ours, job=~"mizan-.*"})"#, "{{job}}")],
            ),
            lines(
                "Restarts",
                "short",
                &[(
                    r#"sum by (pod) (increase(kube_pod_container_status_restarts_total{namespace=~"$namespace", pod=~"(.+-)?mizan-.+"}[$__rate_interval]))"#,
                    "{{pod}}",
                )],
            ),
            lines(
                "Certificate ends in",
                "s",
                &[("min by (job) (mizan_tls_expires_seconds{$ours})", "{{job}}")],
            ),
        ],
    }
}

fn are_the_servers_there() -> Row {
    Row {
        question: "Are the servers there?",
        panels: vec![
            lines(
                "Postgres answers",
                "bool",
                &[(r#"max by (job) (mizan_dependency_answers{dependency="Postgres", $ours})"#, "{{job}}")],
            ),
            lines("Connected to NATS", "bool", &[("max by (job) (mizan_bus_connected{$ours})", "{{job}}")]),
            lines(
                "Limits counted without Redis",
                "short",
                &[(
                    "sum(rate(mizan_gateway_local_limit_decisions_total{$ours}[$__rate_interval]))",
                    "decisions",
                )],
            ),
        ],
    }
}

fn do_the_lanes_keep_up() -> Row {
    Row {
        question: "Do the lanes keep up?",
        panels: vec![
            lines(
                "Commands that wait, and were turned away",
                "short",
                &[
                    ("sum(mizan_payments_lane_waiting{$ours})", "waiting"),
                    ("sum(rate(mizan_payments_shed_total{$ours}[$__rate_interval]))", "turned away"),
                ],
            ),
            lines(
                "Wait in a lane, and until durable: 99 of 100 within",
                "s",
                &[
                    (
                        "histogram_quantile(0.99, sum by (le) (rate(mizan_payments_lane_wait_seconds_bucket{$ours}[$__rate_interval])))",
                        "in the lane",
                    ),
                    (
                        "histogram_quantile(0.99, sum by (le) (rate(mizan_payments_posting_seconds_bucket{$ours}[$__rate_interval])))",
                        "until durable",
                    ),
                ],
            ),
            lines(
                "Commands in a batch",
                "short",
                &[(
                    "sum(rate(mizan_payments_batch_commands_sum{$ours}[$__rate_interval])) / sum(rate(mizan_payments_batch_commands_count{$ours}[$__rate_interval]))",
                    "commands",
                )],
            ),
        ],
    }
}

fn does_payments_know_todays_rules() -> Row {
    Row {
        question: "Does payments know today's rules?",
        panels: vec![figure(
            "Channel policies confirmed before",
            "s",
            "max(mizan_payments_channel_rules_age_seconds{$ours})",
        )],
    }
}
