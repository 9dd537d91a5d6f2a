#[mirage::device]
pub struct Sensor;

fn main() {}
