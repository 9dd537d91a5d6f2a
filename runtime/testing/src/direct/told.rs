//! What a host is told at boot of its addresses.

use mirage::args::{self, AutoIpv4, Ipv4Address, Ipv4Network, Ipv4Route, Ipv6Network, Ipv6Route, Nameserver};
use std::net::Ipv6Addr;

/// The arguments of a whole stack, those of IPv4 and those of IPv6: `args("--ipv4 10.0.0.1/24 --ipv6 fd00::1/64")`.
#[derive(mirage::Args, Clone, Debug, Default)]
pub struct Told {
    /// The address of this host and the prefix length of its network, instead of by DHCP
    #[arg(value = "ADDRESS/PREFIX")]
    pub ipv4: Option<Ipv4Network>,
    /// The router to other networks, with `--ipv4`
    #[arg(value = "ADDRESS")]
    pub ipv4_gateway: Option<Ipv4Address>,
    /// A network and the router to it; may be given several times
    #[arg(value = "NETWORK/PREFIX=ROUTER")]
    pub ipv4_route: Vec<Ipv4Route>,
    /// A server that knows names; may be given several times
    #[arg(value = "ADDRESS")]
    pub nameserver: Vec<Nameserver>,
    /// An IPv6 address of this host, besides those it forms itself
    #[arg(value = "ADDRESS/PREFIX")]
    pub ipv6: Option<Ipv6Network>,
    /// The IPv6 router to other networks, with `--ipv6`
    #[arg(value = "ADDRESS")]
    pub ipv6_gateway: Option<Ipv6Addr>,
    /// An IPv6 network and the router to it; may be given several times
    #[arg(value = "NETWORK/PREFIX=ROUTER")]
    pub ipv6_route: Vec<Ipv6Route>,
}

impl Told {
    /// As an image hands it to the layers.
    pub(super) fn parts(self) -> (AutoIpv4, args::Ipv6) {
        let Self { ipv4, ipv4_gateway, ipv4_route, nameserver, ipv6, ipv6_gateway, ipv6_route } = self;
        (AutoIpv4 { ipv4, ipv4_gateway, ipv4_route, nameserver }, args::Ipv6 { ipv6, ipv6_gateway, ipv6_route })
    }
}
