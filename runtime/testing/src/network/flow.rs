//! Connections.

use std::net::SocketAddr;

use embedded_io_async::{BufRead, ErrorKind, ErrorType, Read, Write};
use mirage::BufWrite;

use super::Network;
use super::pipe::Pipe;

/// Bytes a writer keeps before they have to be sent.
const BUFFER: usize = 4096;

/// A simulated TCP connection.
pub struct Flow {
    local: SocketAddr,
    peer: SocketAddr,
    reader: Reader,
    writer: Writer,
}

/// The half of a [`Flow`] that reads.
pub struct Reader {
    pipe: Pipe,
    piece: Vec<u8>,
    consumed: usize,
}

/// The half of a [`Flow`] that writes.
pub struct Writer {
    pipe: Pipe,
    buffer: Box<[u8]>,
    filled: usize,
}

impl Flow {
    /// Both ends of a connection.
    pub(super) fn pair(network: &Network, here: SocketAddr, there: SocketAddr) -> (Self, Self) {
        let (out, back) = (Pipe::new(network), Pipe::new(network));
        let end = |local, peer, from: &Pipe, to: &Pipe| Self {
            local,
            peer,
            reader: Reader { pipe: from.clone(), piece: Vec::new(), consumed: 0 },
            writer: Writer { pipe: to.clone(), buffer: vec![0; BUFFER].into(), filled: 0 },
        };
        (end(here, there, &back, &out), end(there, here, &out, &back))
    }
}

impl mirage::Flow for Flow {
    type Reader = Reader;
    type Writer = Writer;

    fn peer(&self) -> SocketAddr {
        self.peer
    }

    fn local(&self) -> SocketAddr {
        self.local
    }

    fn split(self) -> (Reader, Writer) {
        (self.reader, self.writer)
    }
}

impl ErrorType for Reader {
    type Error = ErrorKind;
}

impl Read for Reader {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
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

impl BufRead for Reader {
    async fn fill_buf(&mut self) -> Result<&[u8], ErrorKind> {
        if self.consumed == self.piece.len() {
            (self.piece, self.consumed) = (self.pipe.receive().await, 0);
        }
        Ok(&self.piece[self.consumed..])
    }

    fn consume(&mut self, length: usize) {
        assert!(length <= self.piece.len() - self.consumed, "more was consumed than there is");
        self.consumed += length;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.pipe.desert();
    }
}

impl ErrorType for Writer {
    type Error = ErrorKind;
}

impl Write for Writer {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let space = self.space().await?;
        let length = space.len().min(bytes.len());
        space[..length].copy_from_slice(&bytes[..length]);
        self.commit(length);
        Ok(length)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        let filled = std::mem::take(&mut self.filled);
        self.pipe.send(&self.buffer[..filled]).await
    }
}

impl BufWrite for Writer {
    async fn space(&mut self) -> Result<&mut [u8], ErrorKind> {
        if self.filled == self.buffer.len() {
            self.flush().await?;
        }
        Ok(&mut self.buffer[self.filled..])
    }

    fn commit(&mut self, length: usize) {
        assert!(length <= self.buffer.len() - self.filled, "more was committed than there is room");
        self.filled += length;
    }

    async fn close(&mut self) -> Result<(), ErrorKind> {
        self.flush().await?;
        self.pipe.end();
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.pipe.end();
    }
}

impl ErrorType for Flow {
    type Error = ErrorKind;
}

impl Read for Flow {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        self.reader.read(into).await
    }
}

impl BufRead for Flow {
    async fn fill_buf(&mut self) -> Result<&[u8], ErrorKind> {
        self.reader.fill_buf().await
    }

    fn consume(&mut self, length: usize) {
        self.reader.consume(length);
    }
}

impl Write for Flow {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.writer.write(bytes).await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.writer.flush().await
    }
}

impl BufWrite for Flow {
    async fn space(&mut self) -> Result<&mut [u8], ErrorKind> {
        self.writer.space().await
    }

    fn commit(&mut self, length: usize) {
        self.writer.commit(length);
    }

    async fn close(&mut self) -> Result<(), ErrorKind> {
        self.writer.close().await
    }
}
