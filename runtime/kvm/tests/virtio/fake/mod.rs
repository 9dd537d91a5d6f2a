//! A machine in memory, with devices that keep to virtio 1.2 and check that their driver does; and that can be told to
//! do something else.

mod device;
mod machine;
mod memory;
mod pci;
mod registers;

pub use device::{Chain, Device, EVENTS, INDIRECT, VERSION_1};
pub use machine::{Fake, SLOTS, poll};
pub use pci::Function;
