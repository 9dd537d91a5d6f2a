#[mirage::test]
async fn works(_: mirage_test::World, _: u8) {}

fn main() {}
