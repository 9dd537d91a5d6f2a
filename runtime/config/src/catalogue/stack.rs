//! Network stacks: the host's sockets, or our own layers over a network interface.

use mirage::kind;

use super::address::{Address, default_address, dhcp_address, static_address};
use super::default_random;
use super::layers::{arp, dual, ethernet, ipv4, ipv6_with, shared, tcp, udp};
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
        let ethernet = ethernet(network);
        let ipv4 = ipv4(ethernet, arp(ethernet));
        let ip = dual(ipv4, ipv6_with(ethernet, shared(ipv4, default_random)));
        Self { ipv4, ip, udp: udp(ip), tcp: tcp(ip) }
    }

    #[track_caller]
    fn stack(&self, address: Impl<Address>) -> Impl<kind::Stack> {
        device("stack_direct")
            .doc("Our own TCP/IP stack")
            .everywhere("mirage_net::Direct")
            .over(self.ip)
            .over(self.udp)
            .over(self.tcp)
            .over(address)
            .provide()
    }
}
