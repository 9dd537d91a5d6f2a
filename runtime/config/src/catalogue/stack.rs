//! Network stacks: the host's sockets, or our own layers over a network interface.

use mirage::kind;

use super::{default_clock, default_random, default_spawn, default_time};
use crate::device::{Target, device};
use crate::key::{Key, OneOf, choice, match_impl};
use crate::node::Impl;

/// The key `--net`: whose network stack it is.
#[track_caller]
pub(super) fn net() -> Key<OneOf> {
    let values = [("direct", "our own, over a network interface"), ("socket", "the host's, through its sockets")];
    choice("net", "Whose TCP/IP stack is used", values).default_on(Target::Unix, "socket")
}

/// The key `--ip`: where addresses come from.
#[track_caller]
fn ip() -> Key<OneOf> {
    let values =
        [("auto", "static when told at boot, else by DHCP"), ("dhcp", "by DHCP only"), ("static", "told at boot only")];
    choice("ip", "Where a direct stack has its IPv4 address from", values).short_form("dhcp", "dhcp")
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
    match_impl(ip(), {
        let layers = Layers::over(network);
        [("auto", layers.stack("ipv4")), ("dhcp", layers.stack("ipv4_dhcp")), ("static", layers.stack("ipv4_static"))]
    })
}

/// Our own stack over `network`, its address by DHCP.
#[track_caller]
pub fn dhcp_stack(network: Impl<kind::Network>) -> Impl<kind::Stack> {
    Layers::over(network).stack("ipv4_dhcp")
}

/// Our own stack over `network`, its address told at boot.
#[track_caller]
pub fn static_stack(network: Impl<kind::Network>) -> Impl<kind::Stack> {
    Layers::over(network).stack("ipv4_static")
}

/// The kinds of the layers below a stack, which no job asks for yet.
mod layer {
    use mirage::meta::Kind;

    macro_rules! layers {
        ($($name:ident)*) => {$(
            pub enum $name {}

            impl Kind for $name {
                const NAME: &'static str = stringify!($name);
            }
        )*};
    }

    layers!(Ethernet Arp Ipv4);
}

/// What every direct stack over one interface has in common.
#[derive(Clone, Copy)]
struct Layers {
    ethernet: Impl<layer::Ethernet>,
    arp: Impl<layer::Arp>,
    clock: Impl<kind::Clock>,
    time: Impl<kind::Time>,
    random: Impl<kind::Random>,
    spawn: Impl<kind::Spawn>,
}

impl Layers {
    #[track_caller]
    fn over(network: Impl<kind::Network>) -> Self {
        let time = default_time();
        let ethernet = device("ethernet").doc("Ethernet frames by protocol").over(network).provide();
        let arp = device("arp").doc("Hardware addresses of neighbours").over(ethernet).over(time).provide();
        let (clock, random, spawn) = (default_clock(), default_random(), default_spawn());
        Self { ethernet, arp, clock, time, random, spawn }
    }

    #[track_caller]
    fn stack(self, ip: &'static str) -> Impl<kind::Stack> {
        let Self { ethernet, arp, clock, time, random, spawn } = self;
        let ipv4: Impl<layer::Ipv4> =
            device(ip).doc("IPv4 packets").over(ethernet).over(arp).over(random).over(time).provide();
        let udp: Impl<kind::Udp> = device("udp").doc("UDP datagrams").over(ipv4).over(random).provide();
        let tcp: Impl<kind::Tcp> =
            device("tcp").doc("TCP connections").over(ipv4).over(clock).over(time).over(random).provide();
        device("stack_direct").doc("Our own TCP/IP stack").over(ipv4).over(udp).over(tcp).over(spawn).provide()
    }
}
