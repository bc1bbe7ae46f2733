//! What the chart renders: restricted pods, settings that exist, and policies that are the calls the code makes. Read from the committed
//! renders, so that no helm is needed; where there is one, the renders are made anew and compared.
mod fence;
mod golden;
mod k8s;
mod manifests;
mod network;
mod pods;
mod rights;
mod scaling;
mod settings;
