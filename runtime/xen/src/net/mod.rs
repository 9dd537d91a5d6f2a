//! A network interface: the front end of a split driver, whose back end is in another domain
//! (xen/include/public/io/netif.h).
//!
//! `ring` is how requests and responses go to and fro, `transmit` and `receive` the two rings with their memory, `agree`
//! what both ends say in xenstore, `device` is the interface, and who brings it up again when its back end has gone.
//!
//! The back end is not trusted: of what it writes nothing is believed that has not been looked at, and frames are copied
//! before anybody reads them. In memory the rings take 8 KiB, receiving 512 and sending 256.

mod agree;
mod device;
mod receive;
mod ring;
#[cfg(test)]
mod tests;
mod transmit;

pub use device::Net;
pub use ring::Broken;

/// The most bytes of a frame: 64 KiB of packet, and an Ethernet header with tags.
const FRAME_MOST: usize = 65_536 + 32;
