struct Port;

#[derive(mirage::Args)]
struct Options {
    /// Listen here
    port: Port,
}

fn main() {}
