#[derive(mirage::Args)]
struct Options(u16);

fn main() {}
