//! TCP connections: a buffer each way, there only while something is in it.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use embedded_io_async::{BufRead, ErrorType, Read, Write};
use mirage::BufWrite;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, getsockname, recv, send, shutdown, sockopt};

use super::address::ours;
use crate::pool::Pool;
use crate::reactor::{Direction, Registration};
use crate::{Error, Platform};

/// A TCP connection.
pub struct TcpFlow {
    reader: TcpReader,
    writer: TcpWriter,
}

/// What both directions share; dropped last, it closes the connection.
struct Connection {
    // Before the socket, so that nobody is left waiting for a closed one.
    registration: Registration,
    socket: OwnedFd,
    pool: Pool,
    peer: SocketAddr,
}

/// The half of a connection that reads.
pub struct TcpReader {
    connection: Rc<Connection>,
    /// Empty while nothing has been received that is not consumed.
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

/// The half of a connection that writes.
pub struct TcpWriter {
    connection: Rc<Connection>,
    /// Empty while there is nothing to be sent.
    buffer: Box<[u8]>,
    sent: usize,
    filled: usize,
    closed: bool,
}

impl TcpFlow {
    pub(super) fn new(
        platform: &Platform,
        socket: OwnedFd,
        registration: Registration,
        peer: SocketAddr,
    ) -> Result<Self, Errno> {
        // What is flushed is meant to go; what is not to go alone is not flushed.
        sockopt::set_tcp_nodelay(&socket, true)?;
        let connection = Rc::new(Connection { registration, socket, pool: platform.pool().clone(), peer });
        let reader = TcpReader { connection: Rc::clone(&connection), buffer: Box::default(), start: 0, end: 0 };
        let writer = TcpWriter { connection, buffer: Box::default(), sent: 0, filled: 0, closed: false };
        Ok(Self { reader, writer })
    }
}

impl mirage::Flow for TcpFlow {
    type Reader = TcpReader;
    type Writer = TcpWriter;

    fn peer(&self) -> SocketAddr {
        self.reader.connection.peer
    }

    fn local(&self) -> SocketAddr {
        // The kernel knows the address of every socket it has connected; a peer's family stands in if it does not say.
        let unknown = SocketAddr::new(self.peer().ip(), 0);
        getsockname(&self.reader.connection.socket).and_then(ours).unwrap_or(unknown)
    }

    fn split(self) -> (TcpReader, TcpWriter) {
        (self.reader, self.writer)
    }
}

impl TcpReader {
    /// Waits for bytes when there are none; afterwards there are some, or the peer has finished.
    async fn fill(&mut self) -> Result<(), Errno> {
        if self.start < self.end {
            return Ok(());
        }
        let Self { connection, buffer, start, end } = self;
        let Connection { registration, socket, pool, .. } = &**connection;
        pool.give(std::mem::take(buffer));
        (*start, *end) = (0, 0);
        let mut taken: Box<[u8]> = Box::default();
        let received = registration
            .io(Direction::Read, || {
                if taken.is_empty() {
                    taken = pool.take();
                }
                recv(socket, &mut *taken, RecvFlags::empty()).map(|(length, _)| length).inspect_err(|_| {
                    pool.give(std::mem::take(&mut taken));
                })
            })
            .await?;
        if received < taken.len() {
            registration.drained(Direction::Read);
        }
        (*buffer, *end) = (taken, received);
        Ok(())
    }
}

impl ErrorType for TcpReader {
    type Error = Error;
}

impl Read for TcpReader {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        if into.is_empty() {
            return Ok(0);
        }
        let received = self.fill_buf().await?;
        let length = received.len().min(into.len());
        into[..length].copy_from_slice(&received[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for TcpReader {
    async fn fill_buf(&mut self) -> Result<&[u8], Error> {
        self.fill().await?;
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, length: usize) {
        assert!(length <= self.end - self.start, "more was consumed than there is");
        self.start += length;
    }
}

impl Drop for TcpReader {
    fn drop(&mut self) {
        self.connection.pool.give(std::mem::take(&mut self.buffer));
    }
}

impl TcpWriter {
    /// Room in the buffer, none if it is full.
    #[inline]
    fn room(&mut self) -> &mut [u8] {
        if self.buffer.is_empty() {
            self.buffer = self.connection.pool.take();
        }
        &mut self.buffer[self.filled..]
    }

    async fn send(connection: &Connection, bytes: &[u8]) -> Result<usize, Errno> {
        let length = connection
            .registration
            .io(Direction::Write, || send(&connection.socket, bytes, SendFlags::NOSIGNAL))
            .await?;
        if length < bytes.len() {
            connection.registration.drained(Direction::Write);
        }
        Ok(length)
    }
}

impl ErrorType for TcpWriter {
    type Error = Error;
}

impl Write for TcpWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if bytes.len() >= Pool::SIZE && self.filled == 0 {
            // As much as a buffer holds: copying it would gain nothing.
            return Ok(Self::send(&self.connection, bytes).await?);
        }
        let space = self.space().await?;
        let length = space.len().min(bytes.len());
        space[..length].copy_from_slice(&bytes[..length]);
        self.filled += length;
        Ok(length)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        while self.sent < self.filled {
            self.sent += Self::send(&self.connection, &self.buffer[self.sent..self.filled]).await?;
        }
        (self.sent, self.filled) = (0, 0);
        self.connection.pool.give(std::mem::take(&mut self.buffer));
        Ok(())
    }
}

impl BufWrite for TcpWriter {
    async fn space(&mut self) -> Result<&mut [u8], Error> {
        if self.filled == Pool::SIZE {
            self.flush().await?;
        }
        Ok(self.room())
    }

    fn commit(&mut self, length: usize) {
        assert!(length <= self.buffer.len() - self.filled, "more was committed than there is room");
        self.filled += length;
    }

    async fn close(&mut self) -> Result<(), Error> {
        self.flush().await?;
        self.closed = true;
        Ok(shutdown(&self.connection.socket, Shutdown::Write)?)
    }
}

impl Drop for TcpWriter {
    fn drop(&mut self) {
        self.connection.pool.give(std::mem::take(&mut self.buffer));
        // Without a reader the socket is closed anyway, which says the same.
        if !self.closed && Rc::strong_count(&self.connection) > 1 {
            // A connection that is gone already needs no end.
            let _ = shutdown(&self.connection.socket, Shutdown::Write);
        }
    }
}

impl ErrorType for TcpFlow {
    type Error = Error;
}

impl Read for TcpFlow {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        self.reader.read(into).await
    }
}

impl BufRead for TcpFlow {
    async fn fill_buf(&mut self) -> Result<&[u8], Error> {
        self.reader.fill_buf().await
    }

    fn consume(&mut self, length: usize) {
        self.reader.consume(length);
    }
}

impl Write for TcpFlow {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.writer.write(bytes).await
    }

    async fn flush(&mut self) -> Result<(), Error> {
        self.writer.flush().await
    }
}

impl BufWrite for TcpFlow {
    async fn space(&mut self) -> Result<&mut [u8], Error> {
        self.writer.space().await
    }

    fn commit(&mut self, length: usize) {
        self.writer.commit(length);
    }

    async fn close(&mut self) -> Result<(), Error> {
        self.writer.close().await
    }
}
