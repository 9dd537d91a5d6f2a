#[mirage::test(seed = "a")]
async fn works(_: mirage_test::World) {}

fn main() {}
