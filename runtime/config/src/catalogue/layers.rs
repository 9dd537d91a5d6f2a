//! The layers of our own TCP/IP stack, for a config.rs that takes one on its own: a firewall wants frames, a ping tool
//! wants packets. [`direct_stack`](super::direct_stack) applies them all.
//!
//! What they need besides the layer below, such as a clock, they share with it.

use mirage::kind;
use mirage::meta::Kind;

use super::{default_clock, default_random, default_spawn, default_time};
use crate::device::device;
use crate::node::{Handle, Impl};

/// Ethernet over a network interface: frames by protocol.
#[track_caller]
pub fn ethernet(network: Impl<kind::Network>) -> Impl<kind::Ethernet> {
    device("ethernet")
        .doc("Ethernet frames by protocol, and the loop over the interface")
        .everywhere("mirage_net::Ethernet")
        .over(network)
        .over(default_clock())
        .over(default_time())
        .over(default_spawn())
        .provide()
}

/// ARP over Ethernet: the hardware addresses of IPv4 neighbours.
#[track_caller]
pub fn arp(ethernet: Impl<kind::Ethernet>) -> Impl<kind::Neighbours> {
    device("arp")
        .doc("Hardware addresses of neighbours")
        .everywhere("mirage_net::Arp")
        .over(ethernet)
        .over(shared(ethernet, default_clock))
        .over(default_random())
        .provide()
}

/// IPv4 over Ethernet and ARP. It has no address until it is given one: see [`static_address`](super::static_address).
#[track_caller]
pub fn ipv4(ethernet: Impl<kind::Ethernet>, arp: Impl<kind::Neighbours>) -> Impl<kind::Ip> {
    device("ipv4")
        .doc("IPv4 packets")
        .everywhere("mirage_net::Ipv4")
        .over(ethernet)
        .over(arp)
        .over(shared(arp, default_clock))
        .over(shared(arp, default_random))
        .provide()
}

/// IPv6 over Ethernet. It forms its addresses itself, from what routers of the link say.
#[track_caller]
pub fn ipv6(ethernet: Impl<kind::Ethernet>) -> Impl<kind::Ip> {
    ipv6_with(ethernet, default_random())
}

/// The same with a random device that others have too.
#[track_caller]
pub(super) fn ipv6_with(ethernet: Impl<kind::Ethernet>, random: Impl<kind::Random>) -> Impl<kind::Ip> {
    device("ipv6")
        .doc("IPv6 packets")
        .everywhere("mirage_net::Ipv6")
        .over(ethernet)
        .over(shared(ethernet, default_clock))
        .over(random)
        .arguments::<mirage::args::Ipv6>()
        .provide()
}

/// IPv4 and IPv6 as one: each packet goes by the family of its addresses.
#[track_caller]
pub fn dual(ipv4: Impl<kind::Ip>, ipv6: Impl<kind::Ip>) -> Impl<kind::Ip> {
    device("dual").doc("IPv4 and IPv6 packets").everywhere("mirage_net::Dual").over(ipv4).over(ipv6).provide()
}

/// Two interfaces' IP as one host's: each packet goes by the interface with the longest route to where it goes.
/// [`multihomed_stack`](super::multihomed_stack) joins those of a whole stack.
#[track_caller]
pub fn joined(first: Impl<kind::Ip>, second: Impl<kind::Ip>) -> Impl<kind::Ip> {
    device("joined")
        .doc("IP packets of two interfaces")
        .everywhere("mirage_net::Joined")
        .over(first)
        .over(second)
        .provide()
}

/// UDP over IP.
#[track_caller]
pub fn udp(ip: Impl<kind::Ip>) -> Impl<kind::Udp> {
    device("udp").doc("UDP datagrams").everywhere("mirage_net::Udp").over(ip).over(shared(ip, default_random)).provide()
}

/// TCP over IP.
#[track_caller]
pub fn tcp(ip: Impl<kind::Ip>) -> Impl<kind::Tcp> {
    device("tcp")
        .doc("TCP connections")
        .everywhere("mirage_net::Tcp")
        .over(ip)
        .over(shared(ip, default_clock))
        .over(shared(ip, default_random))
        .provide()
}

/// The device of kind `K` that `layer` stands on, directly or not; a new one if it stands on none.
#[track_caller]
pub(super) fn shared<L: Kind, K: Kind>(layer: Impl<L>, otherwise: fn() -> Impl<K>) -> Impl<K> {
    fn find(handle: Handle, kind: &str) -> Option<Handle> {
        handle.0.below().find_map(|below| if below.0.kind == kind { Some(below) } else { find(below, kind) })
    }
    match find(layer.erase(), K::NAME) {
        Some(Handle(node)) => Impl::of(node),
        None => otherwise(),
    }
}
