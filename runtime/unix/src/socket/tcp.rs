//! TCP sockets: opening connections and accepting them.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{SocketFlags, SocketType, acceptfrom_with, connect, listen, sockopt};

use super::TcpFlow;
use super::address::{bound, family, open, ours};
use crate::reactor::{Direction, Registration};
use crate::{Error, Platform};

/// Connections the kernel completes before anybody accepts them; it cuts this to its own limit.
const BACKLOG: i32 = 4096;

/// The kernel's TCP.
#[derive(Clone)]
pub struct TcpSockets {
    platform: Platform,
    only: Option<IpAddr>,
}

impl TcpSockets {
    pub(super) fn new(platform: &Platform, only: Option<IpAddr>) -> Self {
        Self { platform: platform.clone(), only }
    }
}

impl mirage::Tcp for TcpSockets {
    type Flow = TcpFlow;
    type Listener = TcpListener;
    type Error = Error;

    async fn connect(&self, peer: SocketAddr) -> Result<TcpFlow, Error> {
        let failed = |errno| Error::about(errno, peer);
        let socket = open(family(peer.ip()), SocketType::STREAM).map_err(failed)?;
        let registration = self.platform.reactor().register(&socket).map_err(failed)?;
        match connect(&socket, &peer) {
            Ok(()) => {}
            Err(Errno::INPROGRESS) => {
                // Room to write means that it stands or has failed; the socket tells which.
                registration.io(Direction::Write, || Ok(())).await.map_err(failed)?;
                sockopt::socket_error(&socket).and_then(|outcome| outcome).map_err(failed)?;
            }
            Err(errno) => return Err(failed(errno)),
        }
        TcpFlow::new(&self.platform, socket, registration, peer).map_err(failed)
    }

    async fn listen(&self, port: u16) -> Result<TcpListener, Error> {
        let listening = || {
            let (socket, _, port) = bound(SocketType::STREAM, self.only, port)?;
            listen(&socket, BACKLOG)?;
            let registration = self.platform.reactor().register(&socket)?;
            Ok(TcpListener { platform: self.platform.clone(), socket, registration, port })
        };
        listening().map_err(|errno| Error::about(errno, format_args!("port {port}")))
    }
}

/// A listening socket.
pub struct TcpListener {
    platform: Platform,
    // Before the socket, so that nobody is left waiting for a closed one.
    registration: Registration,
    socket: OwnedFd,
    port: u16,
}

impl mirage::Listener for TcpListener {
    type Flow = TcpFlow;
    type Error = Error;

    async fn accept(&mut self) -> Result<TcpFlow, Error> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (socket, peer) = self.registration.io(Direction::Read, || acceptfrom_with(&self.socket, flags)).await?;
        let peer = ours(peer.ok_or(Errno::NOTCONN)?)?;
        let registration = self.platform.reactor().register(&socket)?;
        Ok(TcpFlow::new(&self.platform, socket, registration, peer)?)
    }

    fn port(&self) -> u16 {
        self.port
    }
}
