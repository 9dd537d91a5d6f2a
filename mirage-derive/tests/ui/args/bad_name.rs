#[derive(mirage::Args)]
struct Options {
    /// Listen here
    #[arg(name = "Port Number")]
    port: u16,
}

fn main() {}
