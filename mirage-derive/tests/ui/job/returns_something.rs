#[mirage::job]
pub async fn start() -> impl Sized {}

fn main() {}
