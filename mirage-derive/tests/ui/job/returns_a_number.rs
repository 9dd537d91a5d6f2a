#[mirage::job]
pub async fn start() -> u8 {
    0
}

fn main() {}
