//! What a unikernel is told at boot of its IPv4 addresses.

use alloc::vec::Vec;

use super::address::{Ipv4Address, Ipv4Network};

/// The arguments of a stack whose address is told at boot.
#[derive(mirage::Args, Clone, Debug)]
pub struct StaticIpv4 {
    /// The address of this host and the prefix length of its network
    #[arg(value = "ADDRESS/PREFIX")]
    pub ipv4: Ipv4Network,
    /// The router to other networks
    #[arg(value = "ADDRESS")]
    pub ipv4_gateway: Option<Ipv4Address>,
    /// A server that knows names; may be given several times
    #[arg(value = "ADDRESS")]
    pub nameserver: Vec<Ipv4Address>,
}

/// The arguments of a stack whose address is from a DHCP server.
#[derive(mirage::Args, Clone, Debug, Default)]
pub struct DhcpIpv4 {
    /// A server that knows names, instead of those DHCP tells of; may be given several times
    #[arg(value = "ADDRESS")]
    pub nameserver: Vec<Ipv4Address>,
}

/// The arguments of a stack whose address is told at boot, or else from a DHCP server.
#[derive(mirage::Args, Clone, Debug, Default)]
pub struct AutoIpv4 {
    /// The address of this host and the prefix length of its network, instead of by DHCP
    #[arg(value = "ADDRESS/PREFIX")]
    pub ipv4: Option<Ipv4Network>,
    /// The router to other networks, with `--ipv4`
    #[arg(value = "ADDRESS")]
    pub ipv4_gateway: Option<Ipv4Address>,
    /// A server that knows names, instead of those DHCP tells of; may be given several times
    #[arg(value = "ADDRESS")]
    pub nameserver: Vec<Ipv4Address>,
}
