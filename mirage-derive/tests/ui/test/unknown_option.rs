#[mirage::test(slow)]
async fn works(_: mirage_test::World) {}

fn main() {}
