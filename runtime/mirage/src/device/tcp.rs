//! TCP: connections are flows, listeners hand them out.

use core::net::SocketAddr;

use embedded_io_async::{BufRead, Error, Write};

/// A transport that opens and accepts TCP connections, over IPv4 and IPv6.
#[diagnostic::on_unimplemented(message = "TCP is wanted here, but this is a `{Self}`", label = "not TCP")]
pub trait Tcp: Clone + 'static {
    /// A connection.
    type Flow: Flow;
    /// A port that accepts connections.
    type Listener: Listener<Flow = Self::Flow>;
    /// Why a connection or a listener could not be had.
    type Error: Error + 'static;

    /// Opens a connection.
    ///
    /// # Errors
    /// `ConnectionRefused` when nobody listens there, `TimedOut` when nobody answers.
    async fn connect(&self, peer: SocketAddr) -> Result<Self::Flow, Self::Error>;

    /// Listens on `port` (0: a free one, see [`Listener::port`]).
    ///
    /// # Errors
    /// `AddrInUse` when somebody else does, `PermissionDenied` when the port is privileged.
    async fn listen(&self, port: u16) -> Result<Self::Listener, Self::Error>;
}

/// A listening port.
pub trait Listener: 'static {
    /// A connection accepted here.
    type Flow: Flow;
    /// Why accepting failed.
    type Error: Error + 'static;

    /// Waits for the next connection.
    ///
    /// # Errors
    /// An error concerns one connection or a passing shortage; the listener stays usable.
    async fn accept(&mut self) -> Result<Self::Flow, Self::Error>;

    /// The port listened on.
    fn port(&self) -> u16;
}

/// A TCP connection, owned: a spawned task can take it along. Dropping it closes it.
///
/// [`BufRead`] shows received bytes in place; an empty `fill_buf` means the peer has finished sending. [`Write`] may
/// keep bytes back until [`Write::flush`], which hands all of them to the network (it does not wait for the peer).
/// What is still unflushed when a flow is dropped may be lost.
pub trait Flow: BufRead + BufWrite + 'static {
    /// The half that reads.
    type Reader: BufRead<Error = Self::Error> + 'static;
    /// The half that writes. Closing or dropping it ends the stream towards the peer and leaves the reader alone.
    type Writer: BufWrite<Error = Self::Error> + 'static;

    /// The other end's address.
    fn peer(&self) -> SocketAddr;

    /// This end's address.
    fn local(&self) -> SocketAddr;

    /// Parts the two directions, so that two tasks can work on them.
    fn split(self) -> (Self::Reader, Self::Writer);
}

/// A writer whose buffer can be filled in place.
pub trait BufWrite: Write {
    /// Room to write into: at least one byte of it, after waiting for some if need be.
    ///
    /// # Errors
    /// As [`Write::write`].
    async fn space(&mut self) -> Result<&mut [u8], Self::Error>;

    /// Counts the first `length` bytes of [`space`](Self::space) as written.
    ///
    /// # Panics
    /// If `length` is more than was offered.
    fn commit(&mut self, length: usize);

    /// Flushes, then ends the stream towards the peer (a FIN); reading goes on.
    ///
    /// # Errors
    /// As [`Write::flush`].
    async fn close(&mut self) -> Result<(), Self::Error>;
}
