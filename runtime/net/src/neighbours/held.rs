//! Packets that wait for a hardware address.

use alloc::vec::Vec;

use mirage::Offload;

/// A packet that waits.
pub struct Held {
    /// Its bytes.
    pub packet: Vec<u8>,
    /// What the device is to do with it.
    pub offload: Offload,
}

impl Held {
    /// Keeps a packet, given in parts.
    pub fn new(parts: &[&[u8]], offload: Offload) -> Self {
        Self { packet: parts.concat(), offload }
    }
}
