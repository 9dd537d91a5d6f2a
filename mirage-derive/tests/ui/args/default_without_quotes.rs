#[derive(mirage::Args)]
struct Options {
    /// Listen here
    #[arg(default = 80)]
    port: u16,
}

fn main() {}
