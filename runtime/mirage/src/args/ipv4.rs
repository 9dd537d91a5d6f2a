//! What a unikernel is told at boot of its IPv4 addresses.

use alloc::vec::Vec;

use super::address::{Ipv4Address, Ipv4Network};
use super::route::{Ipv4Route, Nameserver};

/// The arguments of a stack whose address is told at boot.
#[derive(mirage::Args, Clone, Debug)]
#[args(path = "mirage::args::StaticIpv4")]
pub struct StaticIpv4 {
    /// The address of this host and the prefix length of its network
    #[arg(value = "ADDRESS/PREFIX")]
    pub ipv4: Ipv4Network,
    /// The router to other networks
    #[arg(value = "ADDRESS")]
    pub ipv4_gateway: Option<Ipv4Address>,
    /// A network and the router to it, as `10.1.0.0/16=10.0.0.7`; may be given several times
    #[arg(value = "NETWORK/PREFIX=ROUTER")]
    pub ipv4_route: Vec<Ipv4Route>,
    /// A server that knows names; may be given several times
    #[arg(value = "ADDRESS")]
    pub nameserver: Vec<Nameserver>,
}

/// The arguments of a stack whose address is from a DHCP server.
#[derive(mirage::Args, Clone, Debug, Default)]
#[args(path = "mirage::args::DhcpIpv4")]
pub struct DhcpIpv4 {
    /// A network and the router to it, besides the one DHCP tells of, as `10.1.0.0/16=10.0.0.7`; may be given several times
    #[arg(value = "NETWORK/PREFIX=ROUTER")]
    pub ipv4_route: Vec<Ipv4Route>,
    /// A server that knows names, instead of those DHCP tells of; may be given several times
    #[arg(value = "ADDRESS")]
    pub nameserver: Vec<Nameserver>,
}

/// The arguments of a stack whose address is told at boot, or else from a DHCP server.
#[derive(mirage::Args, Clone, Debug, Default)]
#[args(path = "mirage::args::AutoIpv4")]
pub struct AutoIpv4 {
    /// The address of this host and the prefix length of its network, instead of by DHCP
    #[arg(value = "ADDRESS/PREFIX")]
    pub ipv4: Option<Ipv4Network>,
    /// The router to other networks, with `--ipv4`
    #[arg(value = "ADDRESS")]
    pub ipv4_gateway: Option<Ipv4Address>,
    /// A network and the router to it, as `10.1.0.0/16=10.0.0.7`; may be given several times
    #[arg(value = "NETWORK/PREFIX=ROUTER")]
    pub ipv4_route: Vec<Ipv4Route>,
    /// A server that knows names, instead of those DHCP tells of; may be given several times
    #[arg(value = "ADDRESS")]
    pub nameserver: Vec<Nameserver>,
}
