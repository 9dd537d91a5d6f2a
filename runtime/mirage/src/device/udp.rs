//! UDP.

use core::net::SocketAddr;

use embedded_io_async::Error;

/// A transport that sends and receives datagrams, over IPv4 and IPv6.
#[diagnostic::on_unimplemented(message = "UDP is wanted here, but this is a `{Self}`", label = "not UDP")]
pub trait Udp: Clone + 'static {
    /// A bound port.
    type Socket: UdpSocket<Error = Self::Error>;
    /// Why a port could not be bound or a datagram not be sent.
    type Error: Error + 'static;

    /// Binds `port` (0: a free one, see [`UdpSocket::port`]).
    ///
    /// # Errors
    /// `AddrInUse` when somebody else has it.
    async fn bind(&self, port: u16) -> Result<Self::Socket, Self::Error>;
}

/// A bound UDP port. Two tasks may use one at the same time, one sending, one receiving.
pub trait UdpSocket: 'static {
    /// Why a datagram could not be sent or received.
    type Error: Error + 'static;

    /// Waits for a datagram: its length and sender. What does not fit `buffer` is cut off.
    ///
    /// # Errors
    /// An error concerns one datagram; the socket stays usable.
    async fn receive(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr), Self::Error>;

    /// Sends `data` as one datagram.
    ///
    /// # Errors
    /// `InvalidInput` when it is too large for the path.
    async fn send(&self, data: &[u8], to: SocketAddr) -> Result<(), Self::Error>;

    /// The port bound.
    fn port(&self) -> u16;
}
