//! Network interfaces: raw Ethernet frames, in batches, with the offloads a device may do.

use core::fmt;
use core::future::poll_fn;
use core::str::FromStr;
use core::task::{Context, Poll};

use embedded_io_async::Error;

/// A network interface that carries Ethernet frames (IEEE 802.3, without the frame check sequence).
///
/// One owner has it: it is not `Clone`, and config.rs refuses to plumb one interface into two stacks. A loop over it
/// waits ([`ready`](Self::ready)), takes what has come ([`receive`](Self::receive)), queues what is to go
/// ([`send`](Self::send)) and tells the device once ([`notify`](Self::notify)).
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

    /// What it does with a frame that is to go. Nothing, if nothing is said.
    fn offloads(&self) -> Offloads {
        Offloads::default()
    }

    /// Ready when [`receive`](Self::receive) is worth calling, or when a [`send`](Self::send) that was refused is worth
    /// trying again.
    ///
    /// # Errors
    /// When the device is gone.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>>;

    /// Hands each frame that has come to `deliver`, in order and at most `most` of them, without waiting; returns how
    /// many there were.
    ///
    /// # Errors
    /// When the device is gone.
    fn receive(&mut self, most: usize, deliver: &mut dyn FnMut(&mut [u8], Received)) -> Result<usize, Self::Error>;

    /// Queues one frame, given in parts; false when the queue is full and it was not taken.
    ///
    /// # Errors
    /// When the device is gone.
    fn send(&mut self, frame: &[&[u8]], offload: Offload) -> Result<bool, Self::Error>;

    /// Tells the device, once, of everything queued since the last call.
    ///
    /// # Errors
    /// When the device is gone.
    fn notify(&mut self) -> Result<(), Self::Error>;

    /// Waits for [`poll_ready`](Self::poll_ready).
    ///
    /// # Errors
    /// When the device is gone.
    async fn ready(&mut self) -> Result<(), Self::Error> {
        poll_fn(|context| self.poll_ready(context)).await
    }
}

/// What a device knows of a frame that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The TCP or UDP checksum need not be looked at: it was found good, or the frame never left the host.
    pub checksum: bool,
    /// The payload size of the segments it was coalesced from, in bytes; 0: it came as it is.
    pub segment: u16,
}

/// What a device is asked to do with a frame that is to go; only what [`Network::offloads`] says it can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offload {
    /// A checksum to fill in.
    pub checksum: Option<Checksum>,
    /// The TCP payload size of the segments it is to be cut into, in bytes; 0: it goes as it is.
    pub segment: u16,
}

/// A checksum a device fills in: the Internet checksum (RFC 1071) of everything from `start` to the end of the frame.
/// What stands at its place beforehand is the folded sum of the pseudo-header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// Where the sum begins, in bytes from the beginning of what is sent: each layer adds its own header's length.
    pub start: u16,
    /// Where it goes, in bytes from `start`.
    pub offset: u16,
}

/// What a device can do with a frame that is to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offloads {
    /// It fills in checksums.
    pub checksum: bool,
    /// It cuts TCP segments of up to 64 KiB over IPv4 into smaller ones (TSO).
    pub segment_v4: bool,
    /// The same over IPv6.
    pub segment_v6: bool,
}

impl Offload {
    /// The same for a packet that `header` more bytes are put in front of.
    #[must_use]
    pub fn behind(self, header: usize) -> Self {
        let header = u16::try_from(header).unwrap_or(u16::MAX);
        let checksum =
            self.checksum.map(|checksum| Checksum { start: checksum.start.saturating_add(header), ..checksum });
        Self { checksum, ..self }
    }
}

/// A hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// Everybody on the link.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// Whether it is a group's, the broadcast address among them (IEEE 802, the I/G bit).
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for MacAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let wrong = "it is not six bytes in hexadecimal, such as `02:00:00:00:00:01`";
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part =
                parts.next().filter(|part| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit()));
            *byte = part.and_then(|part| u8::from_str_radix(part, 16).ok()).ok_or(wrong)?;
        }
        if parts.next().is_some() { Err(wrong) } else { Ok(Self(bytes)) }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn hardware_addresses_are_read_as_they_are_written() {
        let address = MacAddress([0x02, 0, 0xab, 0xcd, 0xef, 0x99]);
        assert_eq!(address.to_string().parse(), Ok(address));
        assert_eq!("02:00:AB:CD:EF:99".parse(), Ok(address));
        for wrong in
            ["", "02", "02:00:ab:cd:ef", "02:00:ab:cd:ef:99:00", "2:0:ab:cd:ef:99", "+2:00:ab:cd:ef:99", ":::::"]
        {
            assert!(wrong.parse::<MacAddress>().is_err(), "{wrong}");
        }
    }
}
