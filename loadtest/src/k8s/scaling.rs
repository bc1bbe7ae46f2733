//! More and fewer replicas, under load.
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use super::{Site, more_bills, until};
use crate::payers::{self, Load};
use crate::report::{Report, say};
use crate::stack::Layout;

/// A replica more or less, until it is settled.
const SETTLES: Duration = Duration::from_mins(2);
/// The autoscaler looks at what pods used over half a minute, and goes down a pod a minute after five.
const GOES_UP: Duration = Duration::from_mins(3);
const GOES_DOWN: Duration = Duration::from_mins(6);

/// `payments` from one replica to three and back, and the gateway by its autoscaler.
///
/// # Errors
/// The cluster does not do what it is told.
pub async fn run(site: &mut Site, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Scaling: payments from one replica to three and back, under load");
    more_bills(site, 4_000, report).await?;
    let load = Load::start(&mut site.payers, 20, 1);
    load.goes_on(40, SETTLES).await?;
    let one = stripes(site).await?;
    site.cluster.upgrade(&["--set", "services.payments.replicas=3", "--timeout", "5m"])?;
    let took = site.cluster.ready("payments", 3, SETTLES).await?;
    load.goes_on(200, SETTLES).await?;
    let (three, _) = until(SETTLES, async || {
        let now = stripes(site).await?;
        ensure!(now > one, "{now} stripes are held");
        Ok(now)
    })
    .await?;
    say(format!(
        "         ready after {:.0} s; {one} stripes are held by one replica, {three} by three",
        took.as_secs_f32()
    ));
    report.equal("each replica takes stripes of its own", &(one * 3), &three);
    site.cluster.upgrade(&["--set", "services.payments.replicas=1", "--timeout", "5m"])?;
    site.cluster.ready("payments", 1, SETTLES).await?;
    load.goes_on(200, SETTLES).await?;
    let (_now, took) = until(SETTLES, async || {
        let now = stripes(site).await?;
        ensure!(now == one, "{now} stripes are held");
        Ok(now)
    })
    .await?;
    say(format!("         the others' stripes are free again after {:.0} s", took.as_secs_f32()));
    let told = load.finish(&mut site.payers).await?;
    payers::judge("while payments went from 1 to 3 to 1", &told, 1, report);
    autoscaler(site, report).await
}

/// Stripes that somebody holds.
async fn stripes(site: &Site) -> anyhow::Result<i64> {
    let mut db = PgConnection::connect(&site.layout.database_url(&Layout::database("payments"))).await?;
    let held = sqlx::query_scalar("SELECT count(*) FROM lane WHERE leased_until > clock_timestamp()");
    Ok(held.fetch_one(&mut db).await?)
}

/// The portal has an autoscaler of its own for a while, readers come, and go.
async fn autoscaler(site: &mut Site, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Scaling: the portal by its autoscaler");
    let cluster = site.cluster.clone();
    // A test does not wait for five minutes of calm.
    let soon = json!({ "HorizontalPodAutoscaler/portal": { "spec": { "behavior": { "scaleDown": {
        "stabilizationWindowSeconds": 15, "policies": [{ "type": "Pods", "value": 2, "periodSeconds": 15 }],
    } } } } });
    let portal = "services.portal.autoscaling.enabled=true,services.portal.autoscaling.min=1,\
                  services.portal.autoscaling.max=3,services.portal.resources.requests.cpu=50m";
    cluster.upgrade(&["--set", portal, "--set-json", &format!("merge={soon}"), "--timeout", "5m"])?;
    let bill = site.payers.bills.last().context("a bill")?.bill_reference.clone();
    let page = format!("{}/en/bills/{bill}", site.demo.portal);
    let readers: Vec<_> = (0..4).map(|_| tokio::spawn(read(page.clone()))).collect();
    let replicas = || -> anyhow::Result<u64> {
        let scaled = cluster.json(&["get", "hpa", "mizan-portal"])?;
        scaled["status"]["currentReplicas"].as_u64().context("replicas")
    };
    let up = until(GOES_UP, async || {
        let now = replicas()?;
        ensure!(now >= 2, "{now} replica");
        Ok(now)
    });
    if let Some((now, took)) = report.done("readers come: the autoscaler adds replicas", up.await) {
        say(format!("         {now} replicas after {:.0} s", took.as_secs_f32()));
    }
    let mut read = 0;
    for reader in readers {
        reader.abort();
        read += usize::from(reader.await.is_err());
    }
    ensure!(read > 0, "readers ended by themselves");
    let down = until(GOES_DOWN, async || {
        let now = replicas()?;
        ensure!(now == 1, "{now} replicas");
        Ok(now)
    });
    if let Some((now, took)) = report.done("readers go: the autoscaler takes them away", down.await) {
        say(format!("         {now} replica after {:.0} s", took.as_secs_f32()));
    }
    // Helm's number would lose against an autoscaler that is about to go.
    cluster.upgrade(&["--set", "services.portal.autoscaling.enabled=false", "--timeout", "5m"])?;
    Ok(())
}

async fn read(page: String) {
    let http = reqwest::Client::new();
    loop {
        // Refused readers are load too.
        if let Ok(answer) = http.get(&page).send().await {
            answer.bytes().await.ok();
        }
    }
}
