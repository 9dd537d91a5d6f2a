//! Why there is no address.

use alloc::string::String;
use core::fmt;
use core::net::Ipv4Addr;

use mirage::args::Ipv4Route;

use super::Network;

/// Why an interface could not be given an address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The gateway is not in the network, so that nothing sent to it would get there.
    GatewayOutside(Ipv4Addr, Network),
    /// The gateway is the host itself.
    GatewayIsHost(Ipv4Addr),
    /// A route's router is not in the network, or is the host itself.
    RouterOutside(Ipv4Route, Network),
    /// There is a gateway, but no address was told.
    GatewayAlone(Ipv4Addr),
    /// The DHCP client's port could not be bound.
    Port(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GatewayOutside(gateway, network) => write!(
                f,
                "`--ipv4-gateway` cannot be `{gateway}`: it is outside of the network of `--ipv4 {network}`; give the \
                 router's address in that network, or a shorter prefix"
            ),
            Self::GatewayIsHost(gateway) => write!(
                f,
                "`--ipv4-gateway` cannot be `{gateway}`: that is this host's own address; give the router's, or leave \
                 it out"
            ),
            Self::RouterOutside(route, network) => write!(
                f,
                "the router of `--ipv4-route {route}` is no other host of the network of `--ipv4 {network}`: give its \
                 address in that network"
            ),
            Self::GatewayAlone(gateway) => write!(
                f,
                "`--ipv4-gateway {gateway}` needs `--ipv4 ADDRESS/PREFIX` beside it; without both, DHCP finds them out"
            ),
            Self::Port(error) => write!(f, "the port of DHCP clients (68) cannot be bound: {error}"),
        }
    }
}

impl core::error::Error for Error {}
