//! smoltcp's TCP sockets.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;

use mirage::io::ErrorKind;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::wire::{IpAddress, IpEndpoint};

use super::Peer;
use super::flow::Flow;

/// Bytes a socket buffers each way: enough for 64 KiB of window, no more than that goes without scaling.
const BUFFER: usize = 65_535;
/// Handshakes that may be under way at once.
const BACKLOG: usize = 8;

pub struct Listener {
    peer: Peer,
    port: u16,
    waiting: Vec<SocketHandle>,
}

impl Peer {
    fn socket(&self) -> SocketHandle {
        let buffer = || SocketBuffer::new(vec![0; BUFFER]);
        self.core.borrow_mut().sockets.add(Socket::new(buffer(), buffer()))
    }

    fn listening(&self, port: u16) -> SocketHandle {
        let handle = self.socket();
        self.core.borrow_mut().sockets.get_mut::<Socket>(handle).listen(port).unwrap();
        handle
    }
}

impl mirage::Tcp for Peer {
    type Flow = Flow;
    type Listener = Listener;
    type Error = ErrorKind;

    async fn connect(&self, to: SocketAddr) -> Result<Flow, ErrorKind> {
        let handle = self.socket();
        {
            let mut core = self.core.borrow_mut();
            let port = core.free_port();
            let (interface, sockets) = core.parts();
            let to = IpEndpoint::new(IpAddress::from(to.ip()), to.port());
            sockets.get_mut::<Socket>(handle).connect(interface.context(), to, port).map_err(|_| ErrorKind::Other)?;
            core.kick();
        }
        let flow = Flow::new(self.clone(), handle);
        poll_fn(|context| {
            let mut core = self.core.borrow_mut();
            let socket = core.sockets.get_mut::<Socket>(handle);
            match socket.state() {
                State::SynSent | State::SynReceived => {
                    socket.register_send_waker(context.waker());
                    Poll::Pending
                }
                State::Closed => Poll::Ready(Err(ErrorKind::ConnectionRefused)),
                _ => Poll::Ready(Ok(())),
            }
        })
        .await?;
        Ok(flow)
    }

    async fn listen(&self, port: u16) -> Result<Listener, ErrorKind> {
        let waiting = (0..BACKLOG).map(|_| self.listening(port)).collect();
        Ok(Listener { peer: self.clone(), port, waiting })
    }
}

impl mirage::Listener for Listener {
    type Flow = Flow;
    type Error = ErrorKind;

    async fn accept(&mut self) -> Result<Flow, ErrorKind> {
        let index = poll_fn(|context| {
            let mut core = self.peer.core.borrow_mut();
            let found = self.waiting.iter().position(|&handle| {
                let socket = core.sockets.get_mut::<Socket>(handle);
                socket.register_recv_waker(context.waker());
                !matches!(socket.state(), State::Listen | State::SynReceived)
            });
            found.map_or(Poll::Pending, Poll::Ready)
        });
        let index = index.await;
        let next = self.peer.listening(self.port);
        let handle = std::mem::replace(&mut self.waiting[index], next);
        Ok(Flow::new(self.peer.clone(), handle))
    }

    fn port(&self) -> u16 {
        self.port
    }
}
