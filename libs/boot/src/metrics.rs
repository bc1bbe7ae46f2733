//! Times of calls, the same shape for gRPC and HTTP.

use std::{sync::PoisonError, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, histogram::Histogram},
};

use crate::Context;

/// Upper bounds in seconds: from a cached read to the longest call we allow.
const BUCKETS: [f64; 11] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    call: String,
    code: String,
}

/// A histogram of call times by call and outcome.
#[derive(Clone)]
pub(crate) struct CallSeconds(Family<Labels, Histogram>);

impl CallSeconds {
    pub(crate) fn register(ctx: &Context, name: &str, help: &str) -> CallSeconds {
        let family = Family::<Labels, Histogram>::new_with_constructor(new_histogram);
        ctx.registry.lock().unwrap_or_else(PoisonError::into_inner).register(name, help, family.clone());
        CallSeconds(family)
    }

    pub(crate) fn observe(&self, call: &str, code: &str, took: Duration) {
        let labels = Labels { call: call.to_owned(), code: code.to_owned() };
        self.0.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

fn new_histogram() -> Histogram {
    Histogram::new(BUCKETS)
}
