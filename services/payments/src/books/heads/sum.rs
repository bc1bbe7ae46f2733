//! What the batches of a day come to.

use std::collections::BTreeMap;

use crate::{
    books::chain::Batch,
    engine::seal,
    merkle::{Hash, Tree},
};

/// Sums of a day, from its batches in the order of (lane, number).
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    pub batches: Tree,
    pub journals: i64,
    pub debit_fils: i128,
    /// Number and hash of the last batch, by lane.
    pub ends: BTreeMap<i32, (i64, Hash)>,
}

impl Sum {
    pub fn add(&mut self, batch: &Batch) {
        self.batches.add(seal::day_leaf(batch.hash));
        self.journals += batch.journals.size();
        self.debit_fils += batch.debit_fils;
        self.ends.insert(batch.lane, (batch.stored.seq, batch.hash));
    }
}
