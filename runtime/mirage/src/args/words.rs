//! Words.
pub fn words() {}
/// Joins.
pub fn join() {}
