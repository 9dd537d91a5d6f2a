//! Memory in ring 3: the heap, what a device sees of it, and devices' registers.

mod device;
mod heap;
#[cfg(mirage_bare)]
mod routines;

pub use device::{Pages, Registers, device_address};
pub(crate) use heap::give;
pub use heap::{Usage, usage};
