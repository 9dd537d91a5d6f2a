#[derive(mirage::Args)]
struct Options {
    /// Hurry
    #[arg(value = "SPEED")]
    fast: bool,
}

fn main() {}
