#[mirage::test]
struct Works;

fn main() {}
