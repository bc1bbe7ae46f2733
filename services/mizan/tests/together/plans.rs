//! No query that a payer or an agency waits for reads the whole of a table that grows.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use testkit::Env;

/// Tables whose rows are counted by people, agencies, lanes or days.
const SMALL: &[&str] = &[
    "agency",
    "balance",
    "catalogue_revision",
    "channel_exception",
    "channel_policy",
    "channel_rules",
    "day_close",
    "day_close_lane",
    "device",
    "fee_service",
    "lane",
    "numbering",
];

/// What tells queries that read all of something on purpose.
const ON_PURPOSE: &[&str] = &[
    // Filters that may be left out: planned anew for the values that are there.
    "IS NULL OR",
    // Proofs of the books, and the closing of a day.
    "SELECT (SELECT count(*) FROM journal)",
    "SELECT coalesce(sum(amount_fils), 0)::bigint AS \"sum!\" FROM entry",
    "SELECT journal_id, coalesce(sum(amount_fils), 0)",
    "SELECT min(sealed_at) FROM posting_batch",
    "SELECT lane FROM posting_batch",
    "SELECT payment.payment_id, payment.amount_fils, payment.credited_fils, coalesce(sum(",
    "SELECT payment.payment_id FROM payment LEFT JOIN open_case",
    "SELECT what AS",
    "WITH applied AS (",
    "WITH closed AS (",
    "WITH day AS (",
    "WITH found AS (",
    "WITH held AS (",
    "WITH moved AS (",
    "WITH refunds AS (",
    "WITH said (account, fils) AS (",
    "WITH share AS (",
    "WITH summed AS (",
    // The first batch of each lane: by the lane once there are any, which an empty table does not show.
    "SELECT min(sealed_at) FROM lane",
    // Reports, read now and then.
    "SELECT kind, count(*) AS \"cases!\"",
    "SELECT u.channel_exception_id, count(*)",
    // Once a night.
    "DELETE FROM upload_piece",
];

/// No query has more.
const MOST_PARAMETERS: usize = 99;

/// A query that reads a table from end to end.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Walk {
    table: String,
    query: String,
}

#[tokio::test]
async fn queries_find_their_rows_by_an_index() {
    let services: [(&'static str, &'static Migrator); 7] = [
        ("catalogue", &catalogue::MIGRATOR),
        ("identity", &identity::MIGRATOR),
        ("invoicing", &invoicing::MIGRATOR),
        ("kiosk-relay", &kiosk_relay::MIGRATOR),
        ("notifications", &notifications::MIGRATOR),
        ("payments", &payments::MIGRATOR),
        ("wallet-adapter", &wallet_adapter::MIGRATOR),
    ];
    let (mut walks, mut queries) = (BTreeSet::new(), 0);
    for (service, migrator) in services {
        let env = Env::start(service, migrator).await;
        let mut db = PgConnection::connect(&env.database_url).await.unwrap();
        for query in queries_of(service) {
            queries += 1;
            let tables = walked(&mut db, &query).await;
            walks.extend(tables.into_iter().map(|table| Walk { table, query: query.clone() }));
        }
    }
    assert!(queries > 200, "the descriptions of queries were found: {queries}");
    let on_purpose = |walk: &Walk| ON_PURPOSE.iter().any(|known| walk.query.contains(known));
    let wrong: Vec<_> =
        walks.iter().filter(|walk| !SMALL.contains(&walk.table.as_str()) && !on_purpose(walk)).collect();
    assert!(wrong.is_empty(), "give them an index, or say here that they read all: {wrong:#?}");
    let gone = ON_PURPOSE.iter().filter(|known| !walks.iter().any(|walk| walk.query.contains(**known)));
    assert_eq!(gone.collect::<Vec<_>>(), [&""; 0], "these read no table as a whole any more");
}

/// Every checked query of a service, on one line each, as `tools/sqlx-prepare` describes them.
fn queries_of(service: &str) -> Vec<String> {
    let folder = testkit::tools::project_root().join("services").join(service).join(".sqlx");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter_map(|path| planned(&path)).collect()
}

/// The query of a description, if it is one that has a plan.
fn planned(path: &Path) -> Option<String> {
    let described: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let lines = described.pointer("/query").unwrap().as_str().unwrap().lines();
    // A comment would swallow the rest of the line.
    let words = lines.flat_map(|line| line.split("-- ").next().unwrap().split_whitespace());
    let query = words.collect::<Vec<_>>().join(" ");
    let verbs = ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE"];
    verbs.iter().any(|verb| query.starts_with(verb)).then_some(query)
}

/// The tables that a query reads from end to end, however it is planned.
async fn walked(db: &mut PgConnection, query: &str) -> BTreeSet<String> {
    let parameters = (1..=MOST_PARAMETERS).take_while(|number| query.contains(&format!("${number}"))).count();
    let nulls = vec!["NULL"; parameters].join(", ");
    let arguments = if nulls.is_empty() { nulls } else { format!("({nulls})") };
    let order = format!(
        "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan;
         PREPARE asked AS {query}; EXPLAIN (FORMAT JSON) EXECUTE asked{arguments}; DEALLOCATE asked"
    );
    let said = sqlx::raw_sql(AssertSqlSafe(order)).fetch_all(&mut *db).await.expect(query);
    let plan: Value = serde_json::from_str(said.first().unwrap().get_unchecked::<&str, _>(0)).unwrap();
    let indexes =
        "SELECT indexrelid::regclass::text, indrelid::regclass::text, pg_get_indexdef(indexrelid, 1, true)
                     FROM pg_index WHERE indpred IS NULL";
    let whole: Vec<(String, String, String)> = sqlx::query_as(indexes).fetch_all(db).await.unwrap();
    let whole =
        whole.into_iter().map(|(name, table, first_key)| (name, Index { table, first_key })).collect();
    let mut found = BTreeSet::new();
    look(plan.pointer("/0/Plan").unwrap(), Read::All, &whole, &mut found);
    found
}

/// How much of what comes from below is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    FirstRows,
    All,
}

/// An index, by its first column or expression.
struct Index {
    table: String,
    first_key: String,
}

/// Goes down a plan. `whole`: each index that has all rows of its table by its name;
/// what is in a partial one is few on purpose, such as what is due, open, or waits.
fn look(node: &Value, read: Read, whole: &BTreeMap<String, Index>, found: &mut BTreeSet<String>) {
    let kind = node["Node Type"].as_str().unwrap();
    if kind == "Seq Scan" {
        found.insert(node["Relation Name"].as_str().unwrap().to_owned());
    }
    if let Some(index) = node["Index Name"].as_str().and_then(|name| whole.get(name)) {
        let place = node["Index Cond"].as_str();
        // Without its first column a condition is held against every row of the index.
        let finds = place.is_some_and(|condition| condition.contains(&index.first_key));
        if !finds && (place.is_some() || read == Read::All) {
            found.insert(index.table.clone());
        }
    }
    // Who sorts or counts reads to the end.
    let read = match kind {
        "Limit" => Read::FirstRows,
        "Sort" | "Aggregate" | "Hash" | "WindowAgg" | "SetOp" => Read::All,
        _other => read,
    };
    for below in node["Plans"].as_array().into_iter().flatten() {
        look(below, read, whole, found);
    }
}
