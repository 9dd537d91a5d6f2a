//! The two ends of a connection.

use core::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Both ends of a connection (RFC 9293 section 3.4: a connection is its pair of sockets), in 36 bytes. IPv4 addresses
/// are kept as IPv6 ones mapped from them, which never come over a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    local: [u8; 16],
    remote: [u8; 16],
    pub local_port: u16,
    pub remote_port: u16,
}

impl Pair {
    pub fn new(local: SocketAddr, remote: SocketAddr) -> Self {
        Self {
            local: octets(local.ip()),
            remote: octets(remote.ip()),
            local_port: local.port(),
            remote_port: remote.port(),
        }
    }

    pub fn local(&self) -> SocketAddr {
        SocketAddr::new(address(self.local), self.local_port)
    }

    pub fn remote(&self) -> SocketAddr {
        SocketAddr::new(address(self.remote), self.remote_port)
    }

    /// All of it, to be hashed.
    pub fn bytes(&self) -> [u8; 36] {
        let mut bytes = [0; 36];
        bytes[..16].copy_from_slice(&self.local);
        bytes[16..32].copy_from_slice(&self.remote);
        bytes[32..34].copy_from_slice(&self.local_port.to_be_bytes());
        bytes[34..].copy_from_slice(&self.remote_port.to_be_bytes());
        bytes
    }
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

fn address(octets: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(octets).to_canonical()
}
