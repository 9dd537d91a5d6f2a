//! Drivers for virtio devices (virtio 1.2), over whatever gives them memory, registers and interrupts.
//!
//! The monitor is not trusted: of what a device writes, nothing is believed that has not been looked at, nothing that a
//! driver wrote is read back, and a device that breaks the rules is reset and reported ([`Error`]) rather than obeyed.
//! What a monitor that rewrites all of a guest's memory can do is beyond any driver.
//!
//! From the inside out: [`machine`] is what is wanted of the machine, [`memory`] the one place where memory shared with
//! a device is touched, [`queue`] the rings, [`transport`] the two ways to a device's registers, [`mod@find`] which devices
//! there are, [`device`] one of them brought up, and the drivers: [`net`], [`rng`], [`console`]. A block device's goes
//! beside them: a queue of requests in three parts, each one entry of the ring with an indirect table.
//!
//! What is not done: packed rings, devices of before virtio 1.0, more than one pair of queues of a network interface or
//! port of a console, their control queues, devices that come or go while the machine runs, and IOMMUs.

pub mod console;
pub mod device;
pub mod error;
pub mod find;
pub mod machine;
#[expect(unsafe_code, reason = "memory shared with a device is read and written here, and nowhere else")]
pub mod memory;
pub mod net;
pub mod queue;
pub mod rng;
pub mod transport;

pub use console::Console;
pub use device::Device;
pub use error::{Error, Problem};
pub use find::{Found, Kind, Place, find};
pub use machine::{Interrupt, Machine, Message, Registers, Trigger};
pub use memory::{Mapped, Memory};
pub use net::Net;
pub use rng::Rng;
