#[derive(mirage::Args)]
struct Options<T> {
    /// Listen here
    port: T,
}

fn main() {}
