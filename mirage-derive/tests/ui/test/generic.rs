#[mirage::test]
async fn works<T>(_: mirage_test::World) {}

fn main() {}
