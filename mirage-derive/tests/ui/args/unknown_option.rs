#[derive(mirage::Args)]
struct Options {
    /// Listen here
    #[arg(short = "p")]
    port: u16,
}

fn main() {}
