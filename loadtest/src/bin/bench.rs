//! The figures of `docs/performance.md`, measured on this machine, printed with their limits.
#![expect(clippy::disallowed_methods, reason = "a benchmark lives in real time")]
#![expect(clippy::indexing_slicing, reason = "a JSON value answers null for what it lacks")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use loadtest::demo::{data_folder, seed};
use loadtest::report::{Report, say};
use loadtest::stack::{ALL_IN_ONE, Stack};
use serde_json::{Value, json};

const FOLDER: &str = ".mizan/bench";
/// After the start, until a service has nothing left to do.
const SETTLE: Duration = Duration::from_secs(5);
const ROUNDS: usize = 5;
/// The longest file there is.
const ROWS: u32 = 1_000_000;
/// What can be measured alone.
const PARTS: [&str; 4] = ["platform", "payment", "million", "demo"];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    boot::install_tls();
    let mut figures = serde_json::Map::new();
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let unknown = asked.iter().find(|part| !PARTS.contains(&part.as_str()));
    ensure!(unknown.is_none(), "{unknown:?} is no part: {}", PARTS.join(", "));
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|asked| asked == part);
    if wanted("platform") {
        platform(&mut figures).await?;
    }
    if wanted("payment") {
        payment(&mut figures).await?;
    }
    if wanted("million") {
        million(&mut figures).await?;
    }
    if wanted("demo") {
        demo(&mut figures).await?;
    }
    std::fs::create_dir_all("target/bench")?;
    std::fs::write("target/bench/platform.json", serde_json::to_vec_pretty(&Value::Object(figures))?)?;
    say("written to target/bench/platform.json");
    Ok(())
}

/// One process for all: its start, its size, files, prices, bills, paper.
async fn platform(figures: &mut serde_json::Map<String, Value>) -> anyhow::Result<()> {
    let mut stack = Stack::start(Path::new(FOLDER), &["sandbox"]).await?;
    all_in_one(&mut stack, figures).await?;
    uploads(&stack, figures).await?;
    bills(&stack, figures).await?;
    stack.stop().await
}

/// The whole demo, and a developer's round.
async fn demo(figures: &mut serde_json::Map<String, Value>) -> anyhow::Result<()> {
    let demo = loadtest::demo::run(Path::new(FOLDER)).await?;
    ensure!(demo.failed == 0, "the demo failed: its time means nothing");
    figure(figures, "demo_warm_s", demo.took.as_secs().into(), "at most 60");
    let rebuilt = rebuild()?;
    figure(figures, "rebuild_of_one_service_s", rebuilt.as_secs().into(), "under 10");
    Ok(())
}

fn figure(figures: &mut serde_json::Map<String, Value>, name: &str, value: Value, limit: &str) {
    say(format!("{name:<32} {value:>10}   ({limit})"));
    figures.insert(name.to_owned(), value);
}

/// Start and size of the whole platform in one process.
async fn all_in_one(stack: &mut Stack, figures: &mut serde_json::Map<String, Value>) -> anyhow::Result<()> {
    let ready = stack.add(ALL_IN_ONE).await?;
    figure(figures, "all_ready_ms", u64::try_from(ready.as_millis())?.into(), "at most 2000");
    tokio::time::sleep(SETTLE).await;
    let all = stack.services.last().context("the process just started")?;
    figure(figures, "all_idle_resident_mib", (all.resident_kib()? / 1024).into(), "at most 100");
    Ok(())
}

/// The four files of 2,000 rows, one after the other: read, checked and priced through the public API.
async fn uploads(stack: &Stack, figures: &mut serde_json::Map<String, Value>) -> anyhow::Result<()> {
    let mut report = Report::default();
    let demo = seed(&stack.layout, &mut report).await?;
    let folder = data_folder()?.join("invoicing/tests/data/uploads");
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json"))?)?;
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let mut sum = Duration::ZERO;
        for (name, wanted) in expected.as_object().context("files")? {
            let api = demo.apis.get(wanted["agency"].as_str().context("agency")?).context("a key")?;
            let mut content = std::fs::read(folder.join(name))?;
            if !name.ends_with("xlsx") {
                // Other bytes each round, so that none is known by its hash: blank lines at the end mean nothing.
                let line_end: &[u8] = if name.starts_with("traffic") { b"\r\0\n\0" } else { b"\r\n" };
                content.extend(line_end.repeat(round));
            }
            let begun = Instant::now();
            let upload = loadtest::demo::send(api, name, content, &format!("bench-{round}-{name}")).await?;
            sum += begun.elapsed();
            ensure!(upload["valid"] == wanted["valid"], "{name}: {upload}");
        }
        times.push(u64::try_from(sum.as_millis())?);
    }
    times.sort_unstable();
    let median = times.get(ROUNDS / 2).copied().context("rounds")?;
    figure(figures, "rows_2000_checked_ms", median.into(), "under 1000");
    figures.insert("rows_2000_checked_ms_all".to_owned(), json!(times));
    Ok(())
}

/// Prices, bills among millions, paper: each service asked by its own RPCs.
async fn bills(stack: &Stack, figures: &mut serde_json::Map<String, Value>) -> anyhow::Result<()> {
    let measured = loadtest::bills::measure(&stack.layout).await?;
    let micros = |took: Duration| u64::try_from(took.as_micros()).map(Value::from);
    figure(figures, "nothing_p50_us_at_2000_a_second", micros(measured.nothing.p50)?, "the machine's");
    figure(figures, "nothing_p99_us_at_2000_a_second", micros(measured.nothing.p99)?, "the machine's");
    figure(figures, "quote_p50_us_at_2000_a_second", micros(measured.quote.p50)?, "beside nothing");
    figure(figures, "quote_p99_us_at_2000_a_second", micros(measured.quote.p99)?, "under 2000");
    figure(figures, "find_bill_p50_us_of_5_million", micros(measured.find.p50)?, "at 500 a second");
    figure(figures, "find_bill_p99_us_of_5_million", micros(measured.find.p99)?, "under 10000");
    figure(figures, "first_pdf_us", micros(measured.first_print)?, "under 1000000");
    figure(figures, "pdf_a_second_on_one_core", measured.prints_per_second.into(), "at least 20");
    Ok(())
}

/// What a payment costs, whose work it is.
async fn payment(figures: &mut serde_json::Map<String, Value>) -> anyhow::Result<()> {
    let stack = Stack::start(Path::new(FOLDER), &loadtest::stack::SERVICES).await?;
    let cost = loadtest::payment::measure(&stack).await?;
    let all = |costs: &BTreeMap<String, u64>| Value::from(costs.values().sum::<u64>());
    for (who, cost) in &cost.processor_us {
        figure(
            figures,
            &format!("payment_us_{}", who.replace(' ', "_")),
            (*cost).into(),
            "of processor time",
        );
    }
    figure(figures, "payment_us", all(&cost.processor_us), "of processor time, all together");
    for (database, cost) in &cost.commits_milli {
        figure(figures, &format!("payment_commits_milli_{database}"), (*cost).into(), "thousandths of one");
    }
    figure(figures, "payment_commits_milli", all(&cost.commits_milli), "thousandths of one, all together");
    stack.stop().await
}

/// A file of a million rows, on services of their own.
async fn million(figures: &mut serde_json::Map<String, Value>) -> anyhow::Result<()> {
    let stack = Stack::start(Path::new(FOLDER), &loadtest::stack::SERVICES).await?;
    seed(&stack.layout, &mut Report::default()).await?;
    let measured = loadtest::million::measure(&stack, ROWS).await?;
    figure(figures, "rows_1000000_checked_s", measured.checked.as_secs().into(), "at most 60");
    figure(figures, "rows_1000000_issued_s", measured.issued.as_secs().into(), "at most 300");
    figure(figures, "rows_1000000_all_wrong_s", measured.all_wrong.as_secs().into(), "ends");
    figure(figures, "rows_1000000_peak_mib", measured.peak_mib.into(), "under 300");
    stack.stop().await
}

/// A developer's round: one service touched, the binary built again.
fn rebuild() -> anyhow::Result<Duration> {
    let build = || Command::new("cargo").args(["build", "-q", "-p", "mizan"]).status();
    ensure!(build()?.success(), "cargo build");
    let touched = Path::new("services/payments/src/lib.rs");
    let file = std::fs::File::options().append(true).open(touched)?;
    file.set_modified(std::time::SystemTime::now())?;
    let begun = Instant::now();
    ensure!(build()?.success(), "cargo build");
    Ok(begun.elapsed())
}
