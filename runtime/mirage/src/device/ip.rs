//! The internet layer: packets between addresses.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::{Offload, Offloads, Received, Refused};
use crate::time::Instant;

/// IP packets, of version 4 or 6 or both: what TCP, UDP and a ping tool stand on.
///
/// MirageOS's `Tcpip.Ip`.
#[diagnostic::on_unimplemented(message = "IP is wanted here, but this is a `{Self}`", label = "not IP")]
pub trait Ip: Clone + 'static {
    /// Hands packets of this protocol number to `protocol` from now on, in the place of whoever had them before; but where
    /// it [shares](Packets::shares) the number, they keep what they claim. The layer answers ICMP echo itself; whoever
    /// attaches to ICMP sees it besides.
    fn attach(&self, number: u8, protocol: Rc<dyn Packets>);

    /// Whether packets to `address` come here.
    fn is_local(&self, address: IpAddr) -> bool;

    /// The way to `destination`.
    ///
    /// # Errors
    /// [`Refused::NoRoute`].
    fn route(&self, destination: IpAddr) -> Result<Route, Refused>;

    /// The way to `destination` for what comes from `source`, an address of this layer: by the interface that has it,
    /// where there are several.
    ///
    /// # Errors
    /// [`Refused::NoRoute`].
    fn route_from(&self, source: IpAddr, destination: IpAddr) -> Result<Route, Refused> {
        let _ = source;
        self.route(destination)
    }

    /// Sends a packet, its payload given in parts. One that is larger than the route's MTU is fragmented, unless it is
    /// to be cut by the device or [`Header::whole`].
    ///
    /// # Errors
    /// [`Refused::TooLarge`] when it may not be fragmented, and what the layers below refuse.
    fn send(&self, header: Header, payload: &[&[u8]], offload: Offload) -> Result<(), Refused>;

    /// Tells who sent a packet that nobody is at its port (ICMP port unreachable), unless that was said too often lately.
    fn refuse(&self, packet: &Packet<'_>);

    /// Asks for a round of the loop, in which every protocol is [polled](Packets::poll).
    fn wake(&self);

    /// The name servers it was told of, by DHCP or a router.
    fn nameservers(&self) -> Vec<IpAddr> {
        Vec::new()
    }
}

/// A way to some destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The address to send from.
    pub source: IpAddr,
    /// The largest packet the path is known to take, IP header and all, in bytes.
    pub mtu: u16,
    /// What the interface does with a packet that is to go.
    pub offloads: Offloads,
    /// How many leading bits of the destination the way is for: all of a neighbour's network's, 0 where only a router to
    /// everywhere leads there. Of a host's several interfaces, the one with the most is used (RFC 1812 §5.2.4.3).
    pub prefix: u8,
}

/// What is said of a packet that is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes.
    pub destination: IpAddr,
    /// Its protocol number (IANA).
    pub protocol: u8,
    /// Whether it must not be fragmented: path MTU discovery (RFC 1191).
    pub whole: bool,
}

/// A protocol over IP.
pub trait Packets {
    /// A packet has come, whole.
    fn input(&self, packet: Packet<'_>);

    /// Whether those that have been [attached](Ip::attach) for its number before keep what they [claim](Self::claims): so a
    /// DHCP client has a UDP of its own on an interface, beside that of a stack over several.
    fn shares(&self) -> bool {
        false
    }

    /// Whether a packet is for this protocol, though it shares its number with one attached since.
    fn claims(&self, packet: &Packet<'_>) -> bool {
        let _ = packet;
        false
    }

    /// The last packet of a batch has come; the tasks that the batch wakes run next. A protocol that puts packets aside to
    /// look at several together does so now.
    fn end_batch(&self) {}

    /// A packet sent earlier did not arrive, somebody on its way says (RFC 792, RFC 4443). Anybody can say so: the
    /// protocol believes it as far as the quoted bytes prove it.
    fn undelivered(&self, report: Undelivered<'_>) {
        let _ = report;
    }

    /// Sends what is due; called once at the end of every round. Returns when there will be more, if time alone brings
    /// it.
    fn poll(&self, now: Instant) -> Option<Instant>;
}

/// A packet that has come.
pub struct Packet<'a> {
    /// Who sent it.
    pub source: IpAddr,
    /// To whom: an address of this layer, or a group.
    pub destination: IpAddr,
    /// Its protocol number.
    pub protocol: u8,
    /// What it carries.
    pub payload: &'a mut [u8],
    /// What the device knows of it.
    pub received: Received,
    /// When the batch it is from was taken.
    pub now: Instant,
}

/// A report that a packet was not delivered.
pub struct Undelivered<'a> {
    /// Where the packet came from: an address of this layer.
    pub source: IpAddr,
    /// Where it was to go.
    pub destination: IpAddr,
    /// Why it did not get there.
    pub why: Why,
    /// The first bytes of what it carried, at least 8 of them.
    pub quoted: &'a [u8],
    /// When the report came.
    pub now: Instant,
}

/// Why a packet was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is larger than a link takes that it may not be fragmented for; the MTU of that link, already part of the
    /// route when this is told.
    TooLarge(u16),
    /// Nobody there takes the protocol or the port.
    Refused,
    /// The host or its network cannot be reached just now.
    Unreachable,
}
