#[derive(mirage::Args)]
struct Options {
    /// Hurry
    #[arg(default = "true")]
    fast: bool,
}

fn main() {}
