//! Hosts: an address and its stack.

use std::net::{IpAddr, SocketAddr};

use embedded_io_async::{ErrorKind, Read, Write as _};
use mirage::Tcp as _;

use super::{Network, Tcp, Udp};

/// A host on the simulated network.
#[derive(Clone)]
pub struct Host {
    stack: Stack,
    address: IpAddr,
}

impl Host {
    pub(crate) fn new(network: Network, address: IpAddr) -> Self {
        let stack = Stack { tcp: Tcp::new(network.clone(), address), udp: Udp::new(network, address) };
        Self { stack, address }
    }

    /// Its network stack.
    pub fn stack(&self) -> Stack {
        self.stack.clone()
    }

    /// Its address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Connects, sends `bytes`, and reads until the peer has finished.
    ///
    /// # Errors
    /// As [`mirage::Tcp::connect`] and the flow's.
    pub async fn exchange(&self, peer: impl Into<SocketAddr>, bytes: impl AsRef<[u8]>) -> Result<Vec<u8>, ErrorKind> {
        let mut flow = self.stack.tcp.connect(peer.into()).await?;
        flow.write_all(bytes.as_ref()).await?;
        flow.flush().await?;
        read_to_end(&mut flow).await
    }
}

/// Reads until the peer has finished.
///
/// # Errors
/// The reader's own.
pub async fn read_to_end<R: Read>(reader: &mut R) -> Result<Vec<u8>, R::Error> {
    let (mut all, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match reader.read(&mut piece).await? {
            0 => return Ok(all),
            length => all.extend_from_slice(&piece[..length]),
        }
    }
}

/// The network stack of a host.
#[derive(Clone)]
pub struct Stack {
    tcp: Tcp,
    udp: Udp,
}

impl mirage::Stack for Stack {
    type Tcp = Tcp;
    type Udp = Udp;

    fn tcp(&self) -> &Tcp {
        &self.tcp
    }

    fn udp(&self) -> &Udp {
        &self.udp
    }
}
