//! The stack: TCP and UDP over the same addresses.

use std::convert::Infallible;

use mirage::args::Listen;

use super::{TcpSockets, UdpSockets};
use crate::Platform;

/// The kernel's TCP and UDP.
#[derive(Clone)]
pub struct SocketStack {
    tcp: TcpSockets,
    udp: UdpSockets,
}

impl SocketStack {
    /// The stack of this host, or one address of it if `arguments` say so.
    ///
    /// # Errors
    /// Never: sockets are opened when they are needed.
    pub async fn connect(platform: &Platform, arguments: Listen) -> Result<Self, Infallible> {
        let Listen { listen } = arguments;
        Ok(Self { tcp: TcpSockets::new(platform, listen), udp: UdpSockets::new(platform, listen) })
    }
}

impl mirage::Stack for SocketStack {
    type Tcp = TcpSockets;
    type Udp = UdpSockets;

    fn tcp(&self) -> &TcpSockets {
        &self.tcp
    }

    fn udp(&self) -> &UdpSockets {
        &self.udp
    }
}
