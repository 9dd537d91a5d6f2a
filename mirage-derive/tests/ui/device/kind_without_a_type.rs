#[mirage::device]
pub trait Sensor: Clone + 'static {
    #[kind = 5]
    type Reading: Copy;
}

fn main() {}
