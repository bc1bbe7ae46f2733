//! A migration that is added to the folder is a change.
fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
