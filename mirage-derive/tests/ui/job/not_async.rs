use mirage::Console;

#[mirage::job]
pub fn start(_: impl Console) {}

fn main() {}
