//! UDP sockets.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, recvfrom, sendto};

use super::address::{bound, ours, theirs};
use crate::reactor::{Direction, Registration};
use crate::{Error, Platform};

/// The kernel's UDP.
#[derive(Clone)]
pub struct UdpSockets {
    platform: Platform,
    only: Option<IpAddr>,
}

impl UdpSockets {
    pub(super) fn new(platform: &Platform, only: Option<IpAddr>) -> Self {
        Self { platform: platform.clone(), only }
    }
}

impl mirage::Udp for UdpSockets {
    type Socket = UdpSocket;
    type Error = Error;

    async fn bind(&self, port: u16) -> Result<UdpSocket, Error> {
        let socket = || {
            let (socket, family, port) = bound(SocketType::DGRAM, self.only, port)?;
            let registration = self.platform.reactor().register(&socket)?;
            Ok(UdpSocket { registration, socket, family, port })
        };
        socket().map_err(|errno| Error::about(errno, format_args!("UDP port {port}")))
    }
}

/// A bound UDP socket.
pub struct UdpSocket {
    // Before the socket, so that nobody is left waiting for a closed one.
    registration: Registration,
    socket: OwnedFd,
    family: AddressFamily,
    port: u16,
}

impl mirage::UdpSocket for UdpSocket {
    type Error = Error;

    async fn receive(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr), Error> {
        let receive = || recvfrom(&self.socket, &mut *buffer, RecvFlags::empty());
        let (length, _, from) = self.registration.io(Direction::Read, receive).await?;
        Ok((length, ours(from.ok_or(Errno::DESTADDRREQ)?)?))
    }

    async fn send(&self, data: &[u8], to: SocketAddr) -> Result<(), Error> {
        let address = theirs(to, self.family);
        let send = || sendto(&self.socket, data, SendFlags::NOSIGNAL, &address);
        self.registration.io(Direction::Write, send).await.map_err(|errno| Error::about(errno, to))?;
        Ok(())
    }

    fn port(&self) -> u16 {
        self.port
    }
}
