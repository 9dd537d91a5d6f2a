//! UDP.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use embedded_io_async::ErrorKind;
use mirage::time::Instant;

use super::{Network, free_port};

/// Datagrams on their way to a socket, by arrival; they may overtake one another.
#[derive(Default)]
pub struct Inbox(BTreeMap<(Instant, u64), (SocketAddr, Vec<u8>)>, u64);

/// The UDP of a host.
#[derive(Clone)]
pub struct Udp {
    network: Network,
    host: IpAddr,
}

impl Udp {
    pub(super) fn new(network: Network, host: IpAddr) -> Self {
        Self { network, host }
    }
}

impl mirage::Udp for Udp {
    type Socket = UdpSocket;
    type Error = ErrorKind;

    async fn bind(&self, port: u16) -> Result<UdpSocket, ErrorKind> {
        let mut ports = self.network.0.ports.borrow_mut();
        let address = free_port(&ports.udp, self.host, port).ok_or(ErrorKind::AddrInUse)?;
        ports.udp.insert(address, Inbox::default());
        Ok(UdpSocket { network: self.network.clone(), address })
    }
}

/// A simulated UDP port.
pub struct UdpSocket {
    network: Network,
    address: SocketAddr,
}

impl UdpSocket {
    /// The largest datagram IPv4 carries, in bytes.
    const LARGEST: usize = 65_507;
}

impl mirage::UdpSocket for UdpSocket {
    type Error = ErrorKind;

    async fn receive(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr), ErrorKind> {
        let inner = &self.network.0;
        loop {
            let first = || Some(inner.ports.borrow().udp.get(&self.address)?.0.first_key_value()?.0.0);
            let arrival = inner.changed.until(first).await;
            inner.clock.sleep_until(arrival).await;
            // Another may have overtaken it in the meantime, or another task may have taken it.
            let taken = inner.ports.borrow_mut().udp.get_mut(&self.address).and_then(|inbox| inbox.0.pop_first());
            if let Some((_, (from, data))) = taken {
                let length = data.len().min(buffer.len());
                buffer[..length].copy_from_slice(&data[..length]);
                return Ok((length, from));
            }
        }
    }

    async fn send(&self, data: &[u8], to: SocketAddr) -> Result<(), ErrorKind> {
        if data.len() > Self::LARGEST {
            return Err(ErrorKind::InvalidInput);
        }
        let lost = self.network.loses_datagram();
        let arrival = self.network.arrival();
        if let Some(Inbox(datagrams, numbered)) = self.network.0.ports.borrow_mut().udp.get_mut(&to)
            && !lost
        {
            *numbered += 1;
            datagrams.insert((arrival, *numbered), (self.address, data.to_vec()));
        }
        self.network.0.changed.notify();
        Ok(())
    }

    fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for UdpSocket {
    fn drop(&mut self) {
        self.network.0.ports.borrow_mut().udp.remove(&self.address);
    }
}
