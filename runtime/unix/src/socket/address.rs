//! Addresses, and sockets bound to them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrAny, SocketFlags, SocketType, bind, getsockname, socket_with, sockopt};

/// An address of the kernel's as ours; an IPv4 address mapped into IPv6 is IPv4.
pub fn ours(address: SocketAddrAny) -> Result<SocketAddr, Errno> {
    let address = SocketAddr::try_from(address)?;
    Ok(SocketAddr::new(address.ip().to_canonical(), address.port()))
}

/// The address a socket of `family` reaches `address` by: a dual-stack socket reaches IPv4 mapped into IPv6.
pub fn theirs(address: SocketAddr, family: AddressFamily) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if family == AddressFamily::INET6 => {
            SocketAddr::new(IpAddr::V6(v4.ip().to_ipv6_mapped()), v4.port())
        }
        other => other,
    }
}

/// A new socket.
pub fn open(family: AddressFamily, kind: SocketType) -> Result<OwnedFd, Errno> {
    socket_with(family, kind, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)
}

/// The family of an address.
pub fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::INET,
        IpAddr::V6(_) => AddressFamily::INET6,
    }
}

/// A socket bound to `port` of one address, or of all, IPv4 and IPv6, on a host that has both.
pub fn bound(kind: SocketType, only: Option<IpAddr>, port: u16) -> Result<(OwnedFd, AddressFamily, u16), Errno> {
    let bound = |address: IpAddr| {
        let socket = open(family(address), kind)?;
        if kind == SocketType::STREAM {
            sockopt::set_socket_reuseaddr(&socket, true)?;
        }
        if address == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
            sockopt::set_ipv6_v6only(&socket, false)?;
        }
        bind(&socket, &SocketAddr::new(address, port))?;
        let port = ours(getsockname(&socket)?)?.port();
        Ok((socket, family(address), port))
    };
    match only {
        Some(address) => bound(address),
        None => match bound(Ipv6Addr::UNSPECIFIED.into()) {
            // A host without IPv6.
            Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL) => bound(Ipv4Addr::UNSPECIFIED.into()),
            outcome => outcome,
        },
    }
}
