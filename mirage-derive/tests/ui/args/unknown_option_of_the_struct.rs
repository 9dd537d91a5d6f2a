#[derive(mirage::Args)]
#[args(prefix = "p")]
struct Options {
    /// Listen here
    port: u16,
}

fn main() {}
