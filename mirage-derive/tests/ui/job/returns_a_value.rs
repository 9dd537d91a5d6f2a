#[mirage::job]
pub async fn start() -> Result<u8, String> {
    Ok(0)
}

fn main() {}
