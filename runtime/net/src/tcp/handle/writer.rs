//! The half of a connection that writes.

use alloc::rc::Rc;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use embedded_io_async::{ErrorType, Write};
use mirage::BufWrite;

use crate::Error;
use crate::tcp::buffer::Chunk;
use crate::tcp::endpoint::Socket;
use crate::turn::{GiveWay, give_way};

/// The half of a connection that writes. What is filled in place is sent from there.
pub struct Writer {
    socket: Rc<Socket>,
    /// What was written and not flushed.
    chunk: Option<Chunk>,
}

impl Writer {
    pub(super) fn new(socket: Rc<Socket>) -> Self {
        Self { socket, chunk: None }
    }

    /// Has what was written sent; false if that was nothing.
    async fn hand_over(&mut self) -> Result<bool, Error> {
        poll_fn(|context| self.poll_hand_over(context)).await
    }

    /// Whoever flushes has said what there is to say: that is sent before anything else is done.
    fn poll_flush(&mut self, way: &mut Option<GiveWay>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if way.is_none() && !ready!(self.poll_hand_over(context))? {
            return Poll::Ready(Ok(()));
        }
        Pin::new(way.get_or_insert_with(give_way)).poll(context).map(Ok)
    }

    /// Not part of each future that waits for it.
    fn poll_hand_over(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        let is_written = self.chunk.as_ref().is_some_and(|chunk| !chunk.is_empty());
        if is_written {
            ready!(self.socket.poll_room(context))?;
        }
        if let Some(chunk) = self.chunk.take().filter(|_| is_written) {
            self.socket.give(chunk);
        }
        Poll::Ready(Ok(is_written))
    }
}

impl ErrorType for Writer {
    type Error = Error;
}

impl Write for Writer {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let space = self.space().await?;
        let length = space.len().min(bytes.len());
        space[..length].copy_from_slice(&bytes[..length]);
        self.commit(length);
        Ok(length)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let mut way = None;
        poll_fn(|context| self.poll_flush(&mut way, context)).await
    }
}

impl BufWrite for Writer {
    async fn space(&mut self) -> Result<&mut [u8], Error> {
        if self.socket.closed.get() {
            return Err(Error::Closed);
        }
        if self.chunk.as_ref().is_some_and(|chunk| chunk.room() == 0) {
            self.hand_over().await?;
        }
        if self.chunk.is_none() {
            // Whoever writes learns here already when there is no use in it.
            poll_fn(|context| self.socket.poll_room(context)).await?;
        }
        let Self { socket, chunk, .. } = self;
        Ok(chunk.get_or_insert_with(|| socket.chunk()).free())
    }

    fn commit(&mut self, length: usize) {
        let room = self.chunk.as_ref().map_or(0, Chunk::room);
        assert!(length <= room, "more was committed than there is room");
        if let Some(chunk) = &mut self.chunk {
            chunk.advance(length);
        }
    }

    async fn close(&mut self) -> Result<(), Error> {
        self.hand_over().await?;
        if !self.socket.closed.replace(true) {
            self.socket.close();
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.socket.leave_writing();
    }
}
