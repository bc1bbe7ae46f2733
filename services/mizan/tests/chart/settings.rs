//! The settings that the chart sets are those the binary reads, and what it says of services is true.
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::manifests::{at, facts, list, map, none, objects, text, texts};

fn mizan(args: &[&str]) -> String {
    let ran = Command::new(env!("CARGO_BIN_EXE_mizan")).args(args).output().expect("the binary runs");
    assert!(ran.status.success(), "mizan {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("its words are UTF-8")
}

/// The settings that a command reads, as its help lists them, each with its default.
fn settings_of(command: &str) -> BTreeMap<String, String> {
    let help = mizan(&[command, "--help"]);
    let mut found = BTreeMap::new();
    for part in help.split("[env: ").skip(1) {
        let name = part.split(['=', ']']).next().unwrap_or_default();
        let default = part.split_once("[default: ").and_then(|(_, rest)| rest.split(']').next());
        found.insert(name.to_owned(), default.unwrap_or_default().to_owned());
    }
    found
}

#[test]
fn every_command_reads_the_settings_it_is_given() {
    let mut commands = BTreeMap::new();
    let mut wrong = Vec::new();
    for object in objects() {
        for container in object.containers() {
            let Some(command) = texts(container, "/args").next() else { continue };
            let known = commands.entry(command.to_owned()).or_insert_with(|| settings_of(command));
            let unknown = list(container, "/env")
                .map(|env| text(env, "/name"))
                .filter(|name| !known.contains_key(*name));
            wrong.extend(unknown.map(|name| format!("{}: {name}", object.place())));
        }
    }
    none("set what `mizan <command> --help` lists", &wrong);
}

/// `config names` by service, without the services' prefix.
fn names() -> BTreeMap<String, BTreeSet<String>> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in mizan(&["config", "names"]).lines() {
        let (service, name) = line.split_once(' ').expect("a service and a name");
        let prefix = format!("MIZAN_{}_", service.to_uppercase().replace('-', "_"));
        if let Some(rest) = name.strip_prefix(&prefix) {
            names.entry(service.to_owned()).or_default().insert(rest.to_owned());
        }
    }
    names
}

fn set<'t>(texts: impl Iterator<Item = &'t str>) -> BTreeSet<String> {
    texts.map(str::to_owned).collect()
}

#[test]
fn calls_and_servers_are_those_that_settings_name() {
    let facts = facts();
    let callable: Vec<_> =
        facts.iter().filter(|(_, fact)| !at(fact, "/ports/grpc").is_null()).map(|(name, _)| name).collect();
    let names = names();
    assert_eq!(
        names.keys().collect::<Vec<_>>(),
        facts.keys().filter(|name| *name != "selftest").collect::<Vec<_>>(),
        "each service that has settings stands in files/services.yaml"
    );
    for (service, settings) in names {
        let fact = facts.get(&service).expect("compared above");
        let url = |of: &str| settings.contains(&format!("{}_URL", of.to_uppercase().replace('-', "_")));
        let calls = callable.iter().filter(|other| url(other)).map(|other| other.as_str());
        assert_eq!(set(texts(fact, "/calls")), set(calls), "whom {service} calls");
        let servers = [("postgres", "database"), ("nats", "nats"), ("redis", "redis")];
        let uses = servers.iter().filter(|(_, name)| url(name)).map(|(server, _)| *server);
        assert_eq!(set(texts(fact, "/uses")), set(uses), "which servers {service} uses");
        for (setting, _) in map(fact, "/keys") {
            assert!(settings.contains(setting), "{service} has no setting {setting}");
        }
    }
}

#[test]
fn ports_are_the_defaults_of_the_settings() {
    for (service, fact) in facts() {
        let prefix = format!("MIZAN_{}_", service.to_uppercase().replace('-', "_"));
        let mut defaults = BTreeMap::new();
        for (name, default) in settings_of(&service) {
            if let Some(port) = name.strip_prefix(&prefix).and_then(|name| name.strip_suffix("_ADDR")) {
                let number = default.rsplit(':').next().and_then(|number| number.parse::<u64>().ok());
                defaults.insert(port.to_lowercase(), number);
            }
        }
        let ports = map(&fact, "/ports").map(|(name, number)| (name.clone(), Value::as_u64(number)));
        assert_eq!(ports.collect::<BTreeMap<_, _>>(), defaults, "the ports of {service}");
    }
}
