#[mirage::job]
pub struct Start;

fn main() {}
