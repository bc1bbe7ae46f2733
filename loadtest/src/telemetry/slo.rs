//! Alerts on the speed at which the errors of thirty days are used up: two spans each, so that one that is over ends the alert.
use std::fmt::Write as _;

use super::Slo;

/// What an alert looks at.
struct Burn {
    severity: &'static str,
    /// How many times faster than allowed: 14.4 times for an hour is 2 % of thirty days.
    times: &'static str,
    long: &'static str,
    short: &'static str,
    says: &'static str,
}

const BURNS: [Burn; 4] = [
    Burn {
        severity: "page",
        times: "14.4",
        long: "1h",
        short: "5m",
        says: "2 % of a month's errors in an hour",
    },
    Burn {
        severity: "page",
        times: "6",
        long: "6h",
        short: "30m",
        says: "5 % of a month's errors in six hours",
    },
    Burn {
        severity: "ticket",
        times: "3",
        long: "1d",
        short: "2h",
        says: "10 % of a month's errors in a day",
    },
    Burn {
        severity: "ticket",
        times: "1",
        long: "3d",
        short: "6h",
        says: "10 % of a month's errors in three days",
    },
];

const WINDOWS: [&str; 8] = ["5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d"];

const HEAD: &str = "# Made from telemetry/slos.yaml: cargo run -p loadtest --bin telemetry -- write\n";

/// The recording rules and alerts of all promises.
pub(super) fn rules(slos: &[Slo]) -> String {
    let mut text = format!("{HEAD}groups:\n");
    for slo in slos {
        // Writing to a String cannot fail.
        write!(text, "  - name: mizan-slo-{}\n    rules:\n", slo.name.replace('_', "-")).ok();
        for window in WINDOWS {
            record(&mut text, slo, window);
        }
        for burn in &BURNS {
            alert(&mut text, slo, burn);
        }
    }
    text
}

fn record(text: &mut String, slo: &Slo, window: &str) {
    let (good, total) = (slo.good.replace("$window", window), slo.total.replace("$window", window));
    write!(
        text,
        "      - record: mizan:slo_errors:ratio_rate{window}\n        expr: >-\n          1 - (\n            \
         ({good} or 0 * {total})\n            / {total}\n          )\n        labels: {{slo: {}}}\n",
        slo.name
    )
    .ok();
}

fn alert(text: &mut String, slo: &Slo, burn: &Burn) {
    let Slo { name, alert, promise, objective, .. } = slo;
    let Burn { severity, times, long, short, says } = burn;
    let over = |window| {
        format!("mizan:slo_errors:ratio_rate{window}{{slo=\"{name}\"}} > {times} * (1 - {objective} / 100)")
    };
    write!(
        text,
        "      - alert: {alert}\n        expr: >-\n          {}\n          and {}\n        for: 2m\n        \
         labels: {{severity: {severity}, window: {long}}}\n        annotations:\n          \
         summary: \"Not kept: {promise}\"\n          \
         description: \"{{{{ $value | humanizePercentage }}}} failed in {long}; promised are {objective} % good. At this speed: {says}.\"\n          \
         runbook_url: docs/runbooks/{alert}.md\n",
        over(long),
        over(short),
    )
    .ok();
}

/// Unit tests of all these alerts: each fires when both spans are bad, and neither when one is over nor when all is well.
pub(super) fn tests(slos: &[Slo]) -> String {
    let mut text =
        format!("{HEAD}rule_files: [../../{}]\nevaluation_interval: 1m\ntests:\n", super::SLO_RULES);
    for slo in slos {
        for burn in &BURNS {
            burning(&mut text, slo, burn);
        }
    }
    text
}

fn burning(text: &mut String, slo: &Slo, burn: &Burn) {
    let Slo { name, alert, .. } = slo;
    let Burn { severity, long, short, .. } = burn;
    let series = |window: &str, values: &str| {
        format!(
            "      - {{series: 'mizan:slo_errors:ratio_rate{window}{{slo=\"{name}\", namespace=\"mizan\"}}', values: '{values}'}}\n"
        )
    };
    let ask = |at: &str, samples: &str| {
        format!(
            "      - {{eval_time: {at}, expr: 'count by (severity, window) (ALERTS{{alertname=\"{alert}\", \
             alertstate=\"firing\"}})', exp_samples: [{samples}]}}\n"
        )
    };
    // All well for ten minutes, then everything fails for ten, then it is over, though the long span still remembers.
    write!(text, "  - name: {alert} {severity} {long}\n    interval: 1m\n    input_series:\n").ok();
    text.push_str(&series(long, "0x10 1x30"));
    text.push_str(&series(short, "0x10 1x10 0x20"));
    text.push_str("    promql_expr_test:\n");
    text.push_str(&ask("9m", ""));
    text.push_str(&ask(
        "15m",
        &format!("{{labels: '{{severity=\"{severity}\", window=\"{long}\"}}', value: 1}}"),
    ));
    text.push_str(&ask("30m", ""));
}
