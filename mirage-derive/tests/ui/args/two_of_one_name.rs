#[derive(mirage::Args)]
struct Options {
    /// Listen here
    port: u16,
    /// Listen there
    #[arg(name = "port")]
    other: u16,
}

fn main() {}
