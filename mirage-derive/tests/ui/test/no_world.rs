#[mirage::test]
async fn works() {}

fn main() {}
