#[mirage::job]
pub const fn start() {}

fn main() {}
