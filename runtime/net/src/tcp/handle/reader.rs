//! The half of a connection that reads.

use alloc::rc::Rc;
use core::future::poll_fn;
use core::net::SocketAddr;

use embedded_io_async::{BufRead, ErrorType, Read};

use crate::Error;
use crate::tcp::buffer::Chunk;
use crate::tcp::endpoint::Socket;

/// The half of a connection that reads. What has come is shown where it came to lie.
pub struct Reader {
    socket: Rc<Socket>,
    /// What has been taken out of the connection and not been read to its end.
    chunk: Option<Chunk>,
}

impl Reader {
    pub(super) fn new(socket: Rc<Socket>) -> Self {
        Self { socket, chunk: None }
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.socket.peer()
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.socket.local()
    }
}

impl ErrorType for Reader {
    type Error = Error;
}

impl Read for Reader {
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

impl BufRead for Reader {
    async fn fill_buf(&mut self) -> Result<&[u8], Error> {
        if self.chunk.is_none() {
            self.chunk = poll_fn(|context| self.socket.poll_received(context)).await?;
        }
        Ok(self.chunk.as_ref().map(Chunk::filled).unwrap_or_default())
    }

    fn consume(&mut self, length: usize) {
        let there = self.chunk.as_ref().map_or(0, Chunk::len);
        assert!(length <= there, "more was consumed than there is");
        if let Some(chunk) = &mut self.chunk {
            chunk.consume(length);
        }
        if length == there {
            self.chunk = None;
        }
        self.socket.consumed(length);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.socket.leave_reading(self.chunk.is_some());
    }
}
