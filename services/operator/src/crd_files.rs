//! The definitions of the kinds as files, which the chart ships.
use std::path::Path;

use boot::StartError;
use kube::ResourceExt as _;

use crate::kinds::crds;

const HEAD: &str = "# Made by `mizan operator --operator-write-crds charts/mizan/files/crds`; a test keeps it equal to the code.\n";

/// File names and texts.
///
/// # Errors
/// A definition cannot be written as YAML.
pub fn files() -> Result<Vec<(String, String)>, serde_saphyr::ser::Error> {
    let file = |crd: k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition| {
        let name = format!("{}.yaml", crd.spec.names.plural);
        debug_assert!(crd.name_any().starts_with(&crd.spec.names.plural));
        Ok((name, format!("{HEAD}{}", serde_saphyr::to_string(&crd)?)))
    };
    crds().into_iter().map(file).collect()
}

/// Writes them.
///
/// # Errors
/// The folder cannot be written.
pub fn write(folder: &Path) -> Result<(), StartError> {
    for (name, text) in files().map_err(StartError::bug)? {
        std::fs::write(folder.join(&name), text).map_err(|error| {
            StartError::setting(
                "--operator-write-crds",
                format!("{name}: {error}"),
                "name a folder that can be written",
            )
        })?;
    }
    Ok(())
}
