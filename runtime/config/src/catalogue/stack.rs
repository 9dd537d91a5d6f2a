//! Network stacks: the host's sockets, or our own layers over a network interface.

use mirage::kind;

use super::address::{Address, default_address, dhcp_address, static_address};
use super::layers::{arp, ethernet, ipv4, tcp, udp};
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
    direct(network, default_address)
}

/// Our own stack over `network`, its address by DHCP.
#[track_caller]
pub fn dhcp_stack(network: Impl<kind::Network>) -> Impl<kind::Stack> {
    direct(network, dhcp_address)
}

/// Our own stack over `network`, its address told at boot.
#[track_caller]
pub fn static_stack(network: Impl<kind::Network>) -> Impl<kind::Stack> {
    direct(network, |ipv4, _| static_address(ipv4))
}

/// All layers, each over the one below.
#[track_caller]
fn direct(
    network: Impl<kind::Network>,
    address: fn(Impl<kind::Ip>, Impl<kind::Udp>) -> Impl<Address>,
) -> Impl<kind::Stack> {
    let ethernet = ethernet(network);
    let ipv4 = ipv4(ethernet, arp(ethernet));
    let (udp, tcp) = (udp(ipv4), tcp(ipv4));
    device("stack_direct")
        .doc("Our own TCP/IP stack")
        .everywhere("mirage_net::Direct")
        .over(ipv4)
        .over(udp)
        .over(tcp)
        .over(address(ipv4, udp))
        .provide()
}
