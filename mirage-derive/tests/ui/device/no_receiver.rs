#[mirage::device]
pub trait Sensor: Clone + 'static {
    fn find() -> u8;
}

fn main() {}
