#[mirage::device]
pub trait Sensor: Clone + 'static {
    fn read(&self) -> impl Iterator<Item = u8>;
}

fn main() {}
