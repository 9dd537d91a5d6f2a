use mirage::Console;

#[mirage::job]
fn start<const N: usize>(_: &impl Console) {}

fn main() {}
