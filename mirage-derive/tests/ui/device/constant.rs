#[mirage::device]
pub trait Sensor: Clone + 'static {
    const RATE: u32;
}

fn main() {}
