//! The PCI bus (virtio 1.2 section 4.1), modern devices only.
//!
//! `bus` reads and writes configuration space, `capability` walks a function's capabilities, `registers` are those
//! of a device, `messages` its interrupts.

pub mod bus;
mod capability;
mod messages;
mod registers;

pub use bus::{Bus, Function};
pub use registers::Pci;
