//! A network interface (virtio 1.2 section 5.1).
//!
//! `receive` and `transmit` are the two queues with their memory, `device` is the interface. What it takes of
//! memory, in KiB: 24 for the rings; 128 for receiving, which grows to 512 where there is memory to spare and the device
//! has run out of buffers; 128 for sending (64 without segmentation), which grows by 256 likewise.

mod device;
mod receive;
mod transmit;

pub use device::Net;

/// The most bytes of a frame: 64 KiB of packet, and an Ethernet header with tags.
pub const FRAME_MOST: usize = 65_536 + 32;
