#[mirage::device(fast)]
pub trait Sensor: Clone + 'static {
    fn read(&self) -> u8;
}

fn main() {}
