#[derive(mirage::Args)]
struct Options {
    port: u16,
}

fn main() {}
