#[derive(mirage::Args)]
enum Options {
    Port(u16),
}

fn main() {}
