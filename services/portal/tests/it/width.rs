//! No page is wider than its window, measured by the system's Chromium: the pages stand in frames of a harness that serves
//! them from its own origin, without the policy that forbids frames and scripts.
use std::fmt::Write as _;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use proto::payments::v1::PaymentState;

use crate::picture::dump;
use crate::world::{BILL, PAYMENT, World};

const WIDTHS: [u32; 4] = [320, 390, 768, 1280];
/// A page that is too wide: were it not found, the measure would find nothing.
const CANARY: &str = "/canary";

const MEASURE: &str = r#"<script>
addEventListener("load", () => {
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument.documentElement;
    const line = document.createElement("p");
    const verdict = page.scrollWidth > frame.clientWidth ? "WIDE" : "fits";
    line.textContent = `measured ${verdict} ${frame.width} ${frame.getAttribute("src")} ${page.querySelectorAll("h1").length}`;
    document.body.append(line);
  }
});
</script>"#;

fn paths() -> Vec<String> {
    let of = |lang: &str| {
        let typed = "W".repeat(60);
        [
            format!("/{lang}/"),
            format!("/{lang}/bills/{BILL}"),
            format!("/{lang}/payments/{PAYMENT}"),
            format!("/{lang}/mine"),
            format!("/{lang}/prices"),
            format!("/{lang}/prices/TRF"),
            format!("/{lang}/carts/{PAYMENT},{PAYMENT}"),
            format!("/{lang}/bills?reference={typed}"),
        ]
    };
    ["en", "ar"].into_iter().flat_map(of).collect()
}

async fn harness() -> Html<String> {
    let mut html = format!("<!doctype html>{MEASURE}<iframe width=320 height=500 src={CANARY}></iframe>");
    for path in paths() {
        for width in WIDTHS {
            write!(html, r#"<iframe width={width} height=500 frameborder=0 src="{path}"></iframe>"#).unwrap();
        }
    }
    Html(html)
}

async fn page(State((http, base)): State<(reqwest::Client, String)>, uri: Uri) -> Response {
    let answer = http.get(format!("{base}{uri}")).send().await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    ([(header::CONTENT_TYPE, kind)], answer.bytes().await.unwrap()).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_scrolls_sideways() {
    let Some(chromium) = testkit::tools::chromium() else {
        return println!("not tried: no Chromium on this machine (tools/install pages)");
    };
    let world = World::start(|facts| facts.payment = PaymentState::ActionRequired).await;
    let router = Router::new()
        .route("/", get(harness))
        .route(CANARY, get(async || Html("<!doctype html><h1>wide</h1><p style='inline-size:2000px'>wide")))
        .fallback(page)
        .with_state((world.http.clone(), world.base.clone()));
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let harness =
        boot::http::serve(&world.ctx().for_service("harness"), "harness", any, router).await.unwrap();

    let said =
        tokio::task::spawn_blocking(move || dump(&chromium, &format!("http://{harness}/"))).await.unwrap();

    let lines: Vec<&str> = said.split("<p>").filter_map(|rest| rest.split("</p>").next()).collect();
    let measured: Vec<&str> = lines.into_iter().filter(|line| line.starts_with("measured ")).collect();
    assert_eq!(measured.len(), 1 + paths().len() * WIDTHS.len(), "{said}");
    assert!(measured.iter().all(|line| line.ends_with(" 1")), "a page did not load: {measured:?}");
    let wide: Vec<&&str> = measured.iter().filter(|line| line.contains(" WIDE ")).collect();
    assert_eq!(wide, [&format!("measured WIDE 320 {CANARY} 1").as_str()]);
}
