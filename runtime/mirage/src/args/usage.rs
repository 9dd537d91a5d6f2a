//! The page `--help` prints.
pub struct Usage;
