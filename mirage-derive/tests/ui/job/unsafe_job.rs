#[mirage::job]
pub async unsafe fn start() {}

fn main() {}
