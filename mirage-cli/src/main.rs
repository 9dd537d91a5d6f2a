//! `mirage`.
fn main() {}
