//! smoltcp's UDP sockets.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;

use mirage::io::ErrorKind;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::udp::{PacketBuffer, PacketMetadata, SendError, Socket};
use smoltcp::wire::{IpAddress, IpEndpoint};

use super::Peer;

pub struct UdpSocket {
    peer: Peer,
    port: u16,
    handle: SocketHandle,
}

impl mirage::Udp for Peer {
    type Socket = UdpSocket;
    type Error = ErrorKind;

    async fn bind(&self, port: u16) -> Result<UdpSocket, ErrorKind> {
        let buffer = || PacketBuffer::new(vec![PacketMetadata::EMPTY; 64], vec![0; 128 * 1024]);
        let mut core = self.core.borrow_mut();
        let port = if port == 0 { core.free_port() } else { port };
        let mut socket = Socket::new(buffer(), buffer());
        socket.bind(port).map_err(|_| ErrorKind::AddrInUse)?;
        let handle = core.sockets.add(socket);
        Ok(UdpSocket { peer: self.clone(), port, handle })
    }
}

impl mirage::UdpSocket for UdpSocket {
    type Error = ErrorKind;

    async fn receive(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr), ErrorKind> {
        poll_fn(|context| {
            let mut core = self.peer.core.borrow_mut();
            let socket = core.sockets.get_mut::<Socket>(self.handle);
            let Ok((data, from)) = socket.recv() else {
                socket.register_recv_waker(context.waker());
                return Poll::Pending;
            };
            let length = data.len().min(buffer.len());
            buffer[..length].copy_from_slice(&data[..length]);
            let from = from.endpoint;
            Poll::Ready(Ok((length, SocketAddr::new(from.addr.into(), from.port))))
        })
        .await
    }

    async fn send(&self, data: &[u8], to: SocketAddr) -> Result<(), ErrorKind> {
        let to = IpEndpoint::new(IpAddress::from(to.ip()), to.port());
        poll_fn(|context| {
            let mut core = self.peer.core.borrow_mut();
            let socket = core.sockets.get_mut::<Socket>(self.handle);
            match socket.send_slice(data, to) {
                Ok(()) => {
                    core.kick();
                    Poll::Ready(Ok(()))
                }
                Err(SendError::BufferFull) => {
                    socket.register_send_waker(context.waker());
                    Poll::Pending
                }
                Err(SendError::Unaddressable) => Poll::Ready(Err(ErrorKind::InvalidInput)),
            }
        })
        .await
    }

    fn port(&self) -> u16 {
        self.port
    }
}
