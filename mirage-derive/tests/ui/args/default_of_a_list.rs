#[derive(mirage::Args)]
struct Options {
    /// Listen here
    #[arg(default = "80")]
    port: Vec<u16>,
}

fn main() {}
