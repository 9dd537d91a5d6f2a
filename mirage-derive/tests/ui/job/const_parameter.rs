#[mirage::job]
pub async fn start<const N: usize>(_: [u8; N]) {}

fn main() {}
