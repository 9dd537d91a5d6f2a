//! Network stacks: the host's sockets, or our own layers over a network interface.

use mirage::kind;

use super::address::{Address, both_addresses, default_address, dhcp_address, static_address};
use super::default_random;
use super::layers::{arp, dual, ethernet, ipv4, ipv6_with, joined, shared, tcp, udp};
use crate::device::{Target, device};
use crate::key::{Key, OneOf, choice, match_impl};
use crate::node::Impl;

/// The key `--net`: whose network stack it is.
#[track_caller]
pub(super) fn net() -> Key<OneOf> {
    let values = [("direct", "our own, over a network interface"), ("socket", "the host's, through its sockets")];
    choice("net", "Whose TCP/IP stack is used", values).default_on(Target::Unix, "socket")
}

/// The host's sockets on unix, our own stack over `network` elsewhere; `--net` chooses otherwise.
#[track_caller]
pub fn generic_stack(network: Impl<kind::Network>) -> Impl<kind::Stack> {
    match_impl(net(), [("socket", socket_stack()), ("direct", direct_stack(network))])
}

/// The host's sockets.
#[track_caller]
pub fn socket_stack() -> Impl<kind::Stack> {
    device("stack_socket")
        .doc("TCP and UDP through the host's sockets")
        .on(Target::Unix, "mirage_unix::SocketStack")
        .arguments::<mirage::args::Listen>()
        .provide()
}

/// Our own stack over `network`; `--ip` chooses where its address comes from.
#[track_caller]
pub fn direct_stack(network: Impl<kind::Network>) -> Impl<kind::Stack> {
    let layers = Layers::over(network);
    layers.stack(default_address(layers.ipv4, layers.udp))
}

/// Our own stack over `network`, its address by DHCP.
#[track_caller]
pub fn dhcp_stack(network: Impl<kind::Network>) -> Impl<kind::Stack> {
    let layers = Layers::over(network);
    layers.stack(dhcp_address(layers.ipv4, layers.udp))
}

/// Our own stack over `network`, its address told at boot.
#[track_caller]
pub fn static_stack(network: Impl<kind::Network>) -> Impl<kind::Stack> {
    let layers = Layers::over(network);
    layers.stack(static_address(layers.ipv4))
}

/// Our own stack over several interfaces: `first`, and `others` after it, each with what the names of its arguments begin
/// with. `--ip` chooses where their addresses come from.
///
/// ```
/// # use mirage_config::prelude::*;
/// let stack = multihomed_stack(("lan", network()), [("dmz", network())]);
/// ```
///
/// It takes `--lan-interface tap0 --lan-ipv4 10.0.0.2/24 --dmz-interface tap1 --dmz-ipv4 192.168.1.2/24`, and routes as
/// `--dmz-ipv4-route 192.168.0.0/16=192.168.1.1`; an interface whose address is not told asks for one by DHCP. A packet
/// goes by the interface with the longest route to where it goes, and is never forwarded from one to another.
#[track_caller]
pub fn multihomed_stack(
    first: (&'static str, Impl<kind::Network>),
    others: impl IntoIterator<Item = (&'static str, Impl<kind::Network>)>,
) -> Impl<kind::Stack> {
    // One after the other, not by a closure: each device is said to be declared where this was called.
    let (mut ip, mut address) = prefixed(first);
    for other in others {
        let (more, its_address) = prefixed(other);
        ip = joined(ip, more);
        address = both_addresses(address, its_address);
    }
    stack(ip, udp(ip), tcp(ip), address)
}

/// The IP of one interface of several, and its address.
#[track_caller]
fn prefixed((prefix, network): (&'static str, Impl<kind::Network>)) -> (Impl<kind::Ip>, Impl<Address>) {
    let (ipv4, ip) = both_ips(network);
    // A client asks by its own interface: so it has a UDP of its own, over that alone.
    (ip.prefix(prefix), default_address(ipv4, udp(ipv4)).prefix(prefix))
}

/// IPv4 over an interface, which has its address from elsewhere, and IPv4 and IPv6 over it as one.
#[track_caller]
fn both_ips(network: Impl<kind::Network>) -> (Impl<kind::Ip>, Impl<kind::Ip>) {
    let ethernet = ethernet(network);
    let ipv4 = ipv4(ethernet, arp(ethernet));
    (ipv4, dual(ipv4, ipv6_with(ethernet, shared(ipv4, default_random))))
}

/// The stack of these layers.
#[track_caller]
fn stack(ip: Impl<kind::Ip>, udp: Impl<kind::Udp>, tcp: Impl<kind::Tcp>, address: Impl<Address>) -> Impl<kind::Stack> {
    device("stack_direct")
        .doc("Our own TCP/IP stack")
        .everywhere("mirage_net::Direct")
        .over(ip)
        .over(udp)
        .over(tcp)
        .over(address)
        .provide()
}

/// The layers of a stack, each over the one below.
struct Layers {
    /// What is given an address at boot or by DHCP.
    ipv4: Impl<kind::Ip>,
    /// IPv4 and IPv6.
    ip: Impl<kind::Ip>,
    udp: Impl<kind::Udp>,
    tcp: Impl<kind::Tcp>,
}

impl Layers {
    #[track_caller]
    fn over(network: Impl<kind::Network>) -> Self {
        let (ipv4, ip) = both_ips(network);
        Self { ipv4, ip, udp: udp(ip), tcp: tcp(ip) }
    }

    #[track_caller]
    fn stack(&self, address: Impl<Address>) -> Impl<kind::Stack> {
        stack(self.ip, self.udp, self.tcp, address)
    }
}
