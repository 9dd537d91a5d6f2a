//! The link layer: Ethernet shared by protocols, and the hardware addresses of neighbours.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use super::{MacAddress, Offload, Offloads, Received};
use crate::time::Instant;

/// Ethernet frames by protocol (IEEE 802.3): what ARP and IP stand on. It owns the loop over its interface.
///
/// MirageOS's `Ethernet`.
#[diagnostic::on_unimplemented(message = "Ethernet is wanted here, but this is a `{Self}`", label = "not Ethernet")]
pub trait Ethernet: Clone + 'static {
    /// The hardware address of the interface.
    fn mac(&self) -> MacAddress;

    /// The largest payload of a frame, in bytes.
    fn mtu(&self) -> usize;

    /// What the interface does with a frame that is to go.
    fn offloads(&self) -> Offloads;

    /// Hands frames of this EtherType to `protocol` from now on. A protocol that is attached again, under the same
    /// type, takes the place of the one before.
    fn attach(&self, ethertype: u16, protocol: Rc<dyn Frames>);

    /// Sends a packet, given in parts; it goes out with the round of the loop that is under way, or starts one.
    ///
    /// # Errors
    /// [`Refused::Full`] and [`Refused::TooLarge`].
    fn send(&self, to: MacAddress, ethertype: u16, packet: &[&[u8]], offload: Offload) -> Result<(), Refused>;

    /// Asks for a round of the loop, in which every protocol is [polled](Frames::poll).
    fn wake(&self);
}

/// A protocol over Ethernet.
pub trait Frames {
    /// A frame has come. What is sent from here goes out at the end of the batch, as far as there is room for it.
    fn input(&self, frame: EthernetFrame<'_>);

    /// The last frame of a batch has come; the tasks that the batch wakes run next. A protocol that puts frames aside to
    /// look at several together does so now.
    fn end_batch(&self) {}

    /// Sends what is due; called once at the end of every round. Returns when there will be more, if time alone brings
    /// it.
    fn poll(&self, now: Instant) -> Option<Instant>;
}

/// A frame that has come.
pub struct EthernetFrame<'a> {
    /// Who sent it.
    pub source: MacAddress,
    /// To whom: this interface, or a group.
    pub destination: MacAddress,
    /// What it carries. Padding of short frames is still there.
    pub payload: &'a mut [u8],
    /// What the device knows of it.
    pub received: Received,
    /// When the batch it is from was taken.
    pub now: Instant,
}

/// Neighbours and their hardware addresses: ARP (RFC 826) for IPv4, neighbour discovery (RFC 4861) for IPv6.
#[diagnostic::on_unimplemented(
    message = "address resolution is wanted here, but this is a `{Self}`",
    label = "not address resolution"
)]
pub trait Neighbours: Clone + 'static {
    /// Answers for `address` from now on, besides those it answers for already, and tells the link so.
    fn claim(&self, address: IpAddr);

    /// Answers for `address` no longer.
    fn release(&self, address: IpAddr);

    /// Asks, for a fraction of a second, whether somebody has `address` already; who has it, or nobody. Nobody, where
    /// there is no way to ask.
    async fn probe(&self, address: IpAddr) -> Option<MacAddress> {
        let _ = address;
        None
    }

    /// Waits until somebody goes on saying that `address` is theirs though it is claimed here and was defended; who it
    /// is. Never, where there is no way to tell.
    async fn contested(&self, address: IpAddr) -> MacAddress {
        let _ = address;
        core::future::pending().await
    }

    /// Sends a packet to a neighbour, at once if its hardware address is known; else it waits, with a few others, for
    /// that to be found out.
    ///
    /// # Errors
    /// [`Refused::Unreachable`] when nobody has answered for this address lately, and [`Ethernet::send`]'s.
    fn send(&self, to: IpAddr, packet: &[&[u8]], offload: Offload) -> Result<(), Refused>;

    /// Takes the packets that waited and were given up since this was last called, because nobody has answered for whom
    /// they were to. Asked once a round by the layer above, so that whoever sent them hears of it (RFC 4861 section
    /// 7.2.2).
    fn given_up(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }
}

/// Why a packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No room for it just now; the next round may have some.
    Full,
    /// It is larger than the path takes.
    TooLarge,
    /// Nobody answers for the address.
    Unreachable,
    /// No route leads there, or there is no address to send from.
    NoRoute,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "no room to send",
            Self::TooLarge => "larger than the path takes",
            Self::Unreachable => "host unreachable",
            Self::NoRoute => "no route to there",
        })
    }
}

impl core::error::Error for Refused {}
