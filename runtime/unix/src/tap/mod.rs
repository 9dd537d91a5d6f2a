//! A network interface over a tap device: Ethernet frames to and from the kernel's own stack, or whatever bridge the
//! device is part of, with checksums and segmentation left to the kernel on the way out and undone on the way in.
//!
//! From the inside out: [`sys`] asks the kernel, [`open`] finds the device and says what is in the way, [`pcap`]
//! records, [`device`] is the interface. The header before each frame is [`mirage_vnet`]'s.

mod device;
mod error;
mod open;
mod pcap;
#[expect(unsafe_code, reason = "the kernel is asked by `ioctl`s nobody has wrapped")]
mod sys;

pub use device::Tap;
pub use error::TapError;
