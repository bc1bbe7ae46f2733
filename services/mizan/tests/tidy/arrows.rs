//! Dependencies point one way.
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::tree::{none, root};

/// Where a package stands; a package may use those of a lower number, and its own row only within `libs`.
fn row(name: &str) -> Option<u8> {
    Some(match name {
        "proto" | "ids" | "money" | "standards" => 0,
        "boot" | "pg" | "bus" => 1,
        "testkit" => 2,
        "catalogue" | "gateway" | "identity" | "invoicing" | "kiosk-relay" | "notifications" | "operator"
        | "payments" | "portal" | "sandbox" | "wallet-adapter" => 3,
        "mizan" => 4,
        "loadtest" => 5,
        _ => return None,
    })
}

const SERVICES: u8 = 3;

#[test]
fn dependencies_point_one_way() {
    let metadata =
        MetadataCommand::new().current_dir(root()).no_deps().exec().expect("cargo describes the workspace");
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let Some(from) = row(&package.name) else {
            wrong.push(format!("{}: give it a row in this test", package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.path.is_some()) {
            let to = row(&dependency.name).unwrap_or(u8::MAX);
            let same_row_of_libs = to == from && from < SERVICES;
            let tests_with_testkit =
                dependency.kind == DependencyKind::Development && dependency.name == "testkit";
            let ships_testkit = dependency.name == "testkit"
                && dependency.kind != DependencyKind::Development
                && package.name.as_str() != "loadtest";
            if ships_testkit || !(to < from || same_row_of_libs || tests_with_testkit) {
                wrong.push(format!("{} -> {}", package.name, dependency.name));
            }
        }
    }
    none("{proto, ids, money, standards} <- {boot, pg, bus} <- services <- mizan", &wrong);
}
