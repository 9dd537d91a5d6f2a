pub struct Error;

#[mirage::job]
pub async fn start() -> Result<(), Error> {
    Err(Error)
}

fn main() {}
