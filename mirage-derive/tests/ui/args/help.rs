#[derive(mirage::Args)]
struct Options {
    /// Help whom
    help: String,
}

fn main() {}
