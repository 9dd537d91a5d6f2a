//! TCP: connecting and accepting.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use embedded_io_async::ErrorKind;

use super::{Flow, Network, free_port};

/// Connections on their way to a listener, in the order they arrive.
#[derive(Default)]
pub struct Backlog(VecDeque<Flow>);

/// The TCP of a host.
#[derive(Clone)]
pub struct Tcp {
    network: Network,
    host: IpAddr,
}

impl Tcp {
    pub(super) fn new(network: Network, host: IpAddr) -> Self {
        Self { network, host }
    }
}

impl mirage::Tcp for Tcp {
    type Flow = Flow;
    type Listener = Listener;
    type Error = ErrorKind;

    async fn connect(&self, peer: SocketAddr) -> Result<Flow, ErrorKind> {
        let inner = &self.network.0;
        if self.network.is_silent(peer.ip()) {
            std::future::pending::<()>().await;
        }
        // There and back: a connection stands, or is refused, when the answer has come.
        inner.clock.sleep_until(self.network.arrival()).await;
        let back = self.network.arrival();
        let flow = {
            let mut ports = inner.ports.borrow_mut();
            let port = inner.random.within(&(u64::from(Network::DYNAMIC)..=u64::from(u16::MAX)));
            let here = SocketAddr::new(self.host, u16::try_from(port).unwrap_or(Network::DYNAMIC));
            ports.tcp.get_mut(&peer).map(|backlog| {
                let (ours, theirs) = Flow::pair(&self.network, here, peer);
                backlog.0.push_back(theirs);
                ours
            })
        };
        inner.changed.notify();
        inner.clock.sleep_until(back).await;
        flow.ok_or(ErrorKind::ConnectionRefused)
    }

    async fn listen(&self, port: u16) -> Result<Listener, ErrorKind> {
        let mut ports = self.network.0.ports.borrow_mut();
        let address = free_port(&ports.tcp, self.host, port).ok_or(ErrorKind::AddrInUse)?;
        ports.tcp.insert(address, Backlog::default());
        drop(ports);
        self.network.0.changed.notify();
        Ok(Listener { network: self.network.clone(), address })
    }
}

/// A simulated listening port.
pub struct Listener {
    network: Network,
    address: SocketAddr,
}

impl mirage::Listener for Listener {
    type Flow = Flow;
    type Error = ErrorKind;

    async fn accept(&mut self) -> Result<Flow, ErrorKind> {
        let inner = &self.network.0;
        let next = || inner.ports.borrow_mut().tcp.get_mut(&self.address)?.0.pop_front();
        Ok(inner.changed.until(next).await)
    }

    fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.network.0.ports.borrow_mut().tcp.remove(&self.address);
    }
}
