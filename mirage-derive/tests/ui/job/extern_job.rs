#[mirage::job]
pub async extern "C" fn start() {}

fn main() {}
