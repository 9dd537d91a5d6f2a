//! Hosts that run the TCP/IP stack of `mirage-net` on a wire, and what else such a network has.

mod dhcp;
mod hosts;
mod lease;
mod told;

pub use dhcp::DhcpServer;
pub use hosts::{Arp, Direct, DirectTcp, DirectUdp, Ethernet, Ip, Ipv4, Ipv6, Layers};
pub use told::Told;
