use mirage::Console;

#[mirage::job]
pub async fn start(_: &impl Console) {}

fn main() {}
