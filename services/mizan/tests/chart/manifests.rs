//! The committed renders as objects.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// The sets of values that are rendered.
pub const RENDERS: [&str; 5] = ["trial", "upgrade", "production", "fenced", "minimal"];

/// Those of them that are `strict`.
pub const STRICT: [&str; 2] = ["production", "fenced"];

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the crate lies in the workspace")
}

/// The folder of the chart.
pub fn chart() -> PathBuf {
    root().join("charts/mizan")
}

/// The text of a file of the chart.
pub fn text_of(name: &str) -> String {
    std::fs::read_to_string(chart().join(name)).expect(name)
}

/// What the chart says of each service: `files/services.yaml`.
pub fn facts() -> BTreeMap<String, Value> {
    serde_saphyr::from_str(&text_of("files/services.yaml")).expect("files/services.yaml is YAML")
}

/// An object of a render.
#[derive(Clone, Debug)]
pub struct Object {
    pub render: &'static str,
    pub value: Value,
}

impl Object {
    pub fn kind(&self) -> &str {
        text(&self.value, "/kind")
    }

    pub fn name(&self) -> &str {
        text(&self.value, "/metadata/name")
    }

    /// The service or server it belongs to.
    pub fn component(&self) -> &str {
        label(at(&self.value, "/metadata"))
    }

    /// For messages: `trial: Deployment mizan-payments`.
    pub fn place(&self) -> String {
        format!("{}: {} {}", self.render, self.kind(), self.name())
    }

    /// The metadata and the spec of its pods, where it has any.
    pub fn pod(&self) -> Option<(&Value, &Value)> {
        let path = match self.kind() {
            "Deployment" | "StatefulSet" | "Job" => "/spec/template",
            "Pod" => "",
            _ => return None,
        };
        let template = at(&self.value, path);
        Some((at(template, "/metadata"), at(template, "/spec")))
    }

    /// Its containers, those that run first among them.
    pub fn containers(&self) -> Vec<&Value> {
        let spec = self.pod().map_or(&Value::Null, |(_, spec)| spec);
        ["/initContainers", "/containers"].into_iter().flat_map(|path| list(spec, path)).collect()
    }
}

/// Every object of every render.
pub fn objects() -> Vec<Object> {
    RENDERS.into_iter().flat_map(of_render).collect()
}

/// Every object of one.
pub fn of_render(render: &'static str) -> Vec<Object> {
    let text = text_of(&format!("ci/golden/{render}.yaml"));
    let values: Vec<Value> = serde_saphyr::from_multiple(&text).expect("a render is YAML");
    values.into_iter().filter(|value| !value.is_null()).map(|value| Object { render, value }).collect()
}

/// Those of a kind.
pub fn of_kind<'o>(objects: &'o [Object], kind: &'o str) -> impl Iterator<Item = &'o Object> {
    objects.iter().filter(move |object| object.kind() == kind)
}

/// What stands at a JSON pointer, or null.
pub fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// The text at a JSON pointer, or none of it.
pub fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    at(value, pointer).as_str().unwrap_or_default()
}

/// The entries at a JSON pointer.
pub fn list<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    at(value, pointer).as_array().into_iter().flatten()
}

/// The texts at a JSON pointer.
pub fn texts<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v str> {
    list(value, pointer).filter_map(Value::as_str)
}

/// The map at a JSON pointer.
pub fn map<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    at(value, pointer).as_object().into_iter().flat_map(Map::iter)
}

/// The component that labels name.
pub fn label(metadata: &Value) -> &str {
    text(metadata, "/labels/app.kubernetes.io~1component")
}

/// Fails with every offender, one a line.
pub fn none(what_to_do: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{what_to_do}:\n  {}", offenders.join("\n  "));
}
