#[mirage::device]
pub trait Sensor<T>: Clone + 'static {
    fn read(&self) -> T;
}

fn main() {}
