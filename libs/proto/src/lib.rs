//! Generated from `proto/`: the contract between services. The comments of the proto files are the reference.

/// Money, language and channel, shared by all.
pub mod common {
    pub mod v1 {
        tonic::include_proto!("mizan.common.v1");
    }
}
/// Agencies, fee services, prices.
pub mod catalogue {
    #[expect(clippy::large_enum_variant, reason = "nearly every answer to a quote is a price")]
    pub mod v1 {
        tonic::include_proto!("mizan.catalogue.v1");
    }
}
/// API clients and keys.
pub mod identity {
    pub mod v1 {
        tonic::include_proto!("mizan.identity.v1");
    }
}
/// Uploads and invoices.
pub mod invoicing {
    pub mod v1 {
        tonic::include_proto!("mizan.invoicing.v1");
    }
}
/// Devices and their cash.
pub mod kiosk {
    pub mod v1 {
        tonic::include_proto!("mizan.kiosk.v1");
    }
}
/// Contacts and webhooks.
pub mod notifications {
    pub mod v1 {
        tonic::include_proto!("mizan.notifications.v1");
    }
}
/// Receivables, payments and the books.
pub mod payments {
    pub mod v1 {
        tonic::include_proto!("mizan.payments.v1");
    }
}
/// Wallet providers.
pub mod wallet {
    pub mod v1 {
        tonic::include_proto!("mizan.wallet.v1");
    }
}

/// The descriptor set of all services, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
