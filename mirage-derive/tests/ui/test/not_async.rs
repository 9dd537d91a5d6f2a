#[mirage::test]
fn works(_: mirage_test::World) {}

fn main() {}
