//! Network interfaces: raw Ethernet frames, in batches, with the offloads a device may do.

use core::fmt;

use embedded_io_async::Error;

/// A network interface that carries Ethernet frames (IEEE 802.3, without the frame check sequence).
///
/// One stack owns it: it is not `Clone`, and config.rs refuses to plumb one interface into two stacks.
#[diagnostic::on_unimplemented(
    message = "a network interface is wanted here, but this is a `{Self}`",
    label = "not a network interface"
)]
pub trait Network: 'static {
    /// Why frames could not be sent or received.
    type Error: Error + 'static;

    /// Its hardware address.
    fn mac(&self) -> MacAddress;

    /// The largest payload of a frame, in bytes, without the 14 bytes of Ethernet header.
    fn mtu(&self) -> usize;

    /// Waits until frames have come, then hands each to `deliver`, in order, and returns how many there were.
    ///
    /// # Errors
    /// When the device is gone.
    async fn receive(&mut self, deliver: impl FnMut(&mut [u8], Frame)) -> Result<usize, Self::Error>;

    /// Queues one frame; false when the queue is full and it was not taken. [`notify`](Self::notify) sends.
    ///
    /// # Errors
    /// When the device is gone.
    fn send(&mut self, frame: &[u8], meta: Frame) -> Result<bool, Self::Error>;

    /// Tells the device, once, of everything queued since the last call.
    ///
    /// # Errors
    /// When the device is gone.
    fn notify(&mut self) -> Result<(), Self::Error>;
}

/// What device and stack tell each other about a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Received: the checksum is known to be good. To send: the device is to fill it in.
    pub checksum: bool,
    /// The payload size of the segments that were coalesced, or that it is to be cut into; 0: one frame as it is.
    pub segment: u16,
}

/// A hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MacAddress(pub [u8; 6]);

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}
