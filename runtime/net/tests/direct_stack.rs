//! The stack over layers.

#[allow(dead_code, unused_imports)] // what the endpoint's tests use
#[path = "tcp_endpoint/support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::net::SocketAddr;

use embedded_io_async::ErrorKind;
use mirage::{Stack, Tcp, TcpOf, Udp, UdpSocket};
use mirage_net::stack::Direct;

use support::{Host, ready};

/// UDP nobody uses.
#[derive(Clone)]
struct NoUdp;

struct NoSocket(Infallible);

impl Udp for NoUdp {
    type Socket = NoSocket;
    type Error = ErrorKind;

    async fn bind(&self, _: u16) -> Result<NoSocket, ErrorKind> {
        Err(ErrorKind::Unsupported)
    }
}

impl UdpSocket for NoSocket {
    type Error = ErrorKind;

    async fn receive(&self, _: &mut [u8]) -> Result<(usize, SocketAddr), ErrorKind> {
        match self.0 {}
    }

    async fn send(&self, _: &[u8], _: SocketAddr) -> Result<(), ErrorKind> {
        match self.0 {}
    }

    fn port(&self) -> u16 {
        match self.0 {}
    }
}

#[test]
fn hands_out_its_layers() {
    let host = Host::new();
    let stack = ready(Direct::connect(host.link.clone(), NoUdp, host.tcp.clone(), ())).unwrap();
    assert!(stack.nameservers().is_empty());
    assert!(ready(stack.udp().bind(1)).is_err());
    let tcp = ready(TcpOf::connect(stack)).unwrap();
    let _listener = ready(tcp.listen(80)).unwrap();
    assert!(ready(host.tcp.listen(80)).is_err(), "it is the same TCP");
}
