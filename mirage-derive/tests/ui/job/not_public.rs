use mirage::Console;

#[mirage::job]
async fn start(_: impl Console) {}

fn main() {}
