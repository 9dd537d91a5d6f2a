#[mirage::job(fast)]
pub async fn start() {}

fn main() {}
