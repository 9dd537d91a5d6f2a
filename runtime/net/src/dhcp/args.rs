//! What a unikernel is told at start of its IPv4 addresses.

use alloc::vec::Vec;

use super::{Address, Network, Server};

/// The arguments of [`Static`](super::Static).
#[derive(mirage::Args, Clone, Debug)]
#[args(path = "mirage_net::dhcp::StaticArgs")]
pub struct StaticArgs {
    /// The address of this host and the prefix length of its network
    #[arg(value = "ADDRESS/PREFIX")]
    pub ipv4: Network,
    /// The router to other networks
    #[arg(value = "ADDRESS")]
    pub ipv4_gateway: Option<Address>,
    /// A server that knows names; may be given several times
    #[arg(value = "ADDRESS")]
    pub nameserver: Vec<Server>,
}

/// The arguments of [`Dhcp`](super::Dhcp).
#[derive(mirage::Args, Clone, Debug, Default)]
#[args(path = "mirage_net::dhcp::DhcpArgs")]
pub struct DhcpArgs {
    /// A server that knows names, instead of those DHCP tells of; may be given several times
    #[arg(value = "ADDRESS")]
    pub nameserver: Vec<Server>,
}

/// The arguments of [`Auto`](super::Auto).
#[derive(mirage::Args, Clone, Debug, Default)]
#[args(path = "mirage_net::dhcp::AutoArgs")]
pub struct AutoArgs {
    /// The address of this host and the prefix length of its network, instead of by DHCP
    #[arg(value = "ADDRESS/PREFIX")]
    pub ipv4: Option<Network>,
    /// The router to other networks, with `--ipv4`
    #[arg(value = "ADDRESS")]
    pub ipv4_gateway: Option<Address>,
    /// A server that knows names, instead of those DHCP tells of; may be given several times
    #[arg(value = "ADDRESS")]
    pub nameserver: Vec<Server>,
}
