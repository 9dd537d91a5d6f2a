//! A whole network stack, and its parts.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::net::{IpAddr, SocketAddr};

use super::{Tcp, Udp};

/// TCP and UDP over one set of addresses.
#[diagnostic::on_unimplemented(
    message = "a network stack is wanted here, but this is a `{Self}`",
    label = "not a stack"
)]
pub trait Stack: Clone + 'static {
    /// Its TCP.
    type Tcp: Tcp;
    /// Its UDP.
    type Udp: Udp;

    /// Its TCP.
    fn tcp(&self) -> &Self::Tcp;

    /// Its UDP.
    fn udp(&self) -> &Self::Udp;

    /// The name servers it was told of, by DHCP or a router; none if it leaves names to somebody else.
    fn nameservers(&self) -> Vec<IpAddr> {
        Vec::new()
    }
}

/// The TCP of a stack, for a job that asks for no more.
#[derive(Clone)]
pub struct TcpOf<S: Stack>(S);

impl<S: Stack> TcpOf<S> {
    /// Takes the TCP of `stack`.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(stack: S) -> Result<Self, Infallible> {
        Ok(Self(stack))
    }
}

impl<S: Stack> Tcp for TcpOf<S> {
    type Flow = <S::Tcp as Tcp>::Flow;
    type Listener = <S::Tcp as Tcp>::Listener;
    type Error = <S::Tcp as Tcp>::Error;

    async fn connect(&self, peer: SocketAddr) -> Result<Self::Flow, Self::Error> {
        self.0.tcp().connect(peer).await
    }

    async fn listen(&self, port: u16) -> Result<Self::Listener, Self::Error> {
        self.0.tcp().listen(port).await
    }
}

/// The UDP of a stack, for a job that asks for no more.
#[derive(Clone)]
pub struct UdpOf<S: Stack>(S);

impl<S: Stack> UdpOf<S> {
    /// Takes the UDP of `stack`.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(stack: S) -> Result<Self, Infallible> {
        Ok(Self(stack))
    }
}

impl<S: Stack> Udp for UdpOf<S> {
    type Socket = <S::Udp as Udp>::Socket;
    type Error = <S::Udp as Udp>::Error;

    async fn bind(&self, port: u16) -> Result<Self::Socket, Self::Error> {
        self.0.udp().bind(port).await
    }
}
