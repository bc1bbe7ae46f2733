//! Turns `proto/` into Rust and a descriptor set for reflection. No protoc is needed.
use std::{env, error::Error, fs, path::Path};

use prost::Message;

const FILES: [&str; 21] = [
    "mizan/common/v1/common.proto",
    "mizan/catalogue/v1/catalogue.proto",
    "mizan/catalogue/v1/channel_policy.proto",
    "mizan/catalogue/v1/fee_draft.proto",
    "mizan/catalogue/v1/price_list.proto",
    "mizan/identity/v1/identity.proto",
    "mizan/invoicing/v1/calendar.proto",
    "mizan/invoicing/v1/document.proto",
    "mizan/invoicing/v1/finding.proto",
    "mizan/invoicing/v1/invoice.proto",
    "mizan/invoicing/v1/invoice_draft.proto",
    "mizan/invoicing/v1/notice.proto",
    "mizan/invoicing/v1/privacy.proto",
    "mizan/invoicing/v1/upload.proto",
    "mizan/kiosk/v1/kiosk.proto",
    "mizan/notifications/v1/notification.proto",
    "mizan/payments/v1/exception.proto",
    "mizan/payments/v1/ledger.proto",
    "mizan/payments/v1/payment.proto",
    "mizan/payments/v1/refund.proto",
    "mizan/wallet/v1/wallet.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let descriptors = protox::compile(FILES, [&root])?;
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&out).join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
