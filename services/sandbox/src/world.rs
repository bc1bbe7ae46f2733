//! What every part of the world is handed.

use std::path::PathBuf;

use boot::Context;
use pg::Pg;

/// What every part of the world is handed. Clones share it.
#[derive(Clone, Debug)]
pub struct World {
    /// Time, ids and running work.
    pub ctx: Context,
    /// The world's own books.
    pub pg: Pg,
    /// The folder of what simulated devices hold.
    pub data_dir: PathBuf,
}
