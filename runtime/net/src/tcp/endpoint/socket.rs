//! A connection and those who wait for it.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use core::hint::black_box;
use core::net::SocketAddr;
use core::num::NonZeroU32;
use core::task::{Context, Poll, Waker};

use mirage::Offloads;

use super::Core;
use crate::Error;
use crate::tcp::buffer::Chunk;
use crate::tcp::connection::{Changes, Connection, State};
use crate::tcp::table::Pair;

/// A connection, its ends, and the tasks that wait for it: one to read, one to write.
#[repr(C)] // what every packet touches comes first
pub struct Socket {
    pair: Pair,
    /// One more than its place in the table of connections, while it has one.
    place: Cell<Option<NonZeroU32>>,
    /// It is in the list of those with something to send.
    pub dirty: Cell<bool>,
    /// Somebody can still read.
    reading: Cell<bool>,
    /// Somebody can still write.
    writing: Cell<bool>,
    /// The stream towards the peer was ended.
    pub closed: Cell<bool>,
    /// What the interface does for its segments.
    pub offloads: Cell<Offloads>,
    reader: Cell<Option<Waker>>,
    /// Seldom there is one.
    writer: Cell<Option<Box<Waker>>>,
    pub connection: RefCell<Connection>,
    core: Rc<Core>,
}

impl Socket {
    pub fn new(core: &Rc<Core>, pair: Pair, connection: Connection, offloads: Offloads) -> Self {
        Self {
            core: Rc::clone(core),
            pair,
            place: Cell::new(None),
            dirty: Cell::new(false),
            closed: Cell::new(false),
            offloads: Cell::new(offloads),
            connection: RefCell::new(connection),
            reader: Cell::new(None),
            writer: Cell::new(None),
            reading: Cell::new(true),
            writing: Cell::new(true),
        }
    }

    pub fn pair(&self) -> &Pair {
        &self.pair
    }

    /// Has all of its cache lines fetched.
    pub fn glance(&self) {
        if let Ok(connection) = self.connection.try_borrow() {
            black_box(connection.glance());
        }
    }

    /// Its place in the table of connections, while it has one.
    pub fn place(&self) -> Option<u32> {
        self.place.get().map(|place| place.get() - 1)
    }

    pub fn set_place(&self, place: Option<u32>) {
        self.place.set(place.and_then(|place| NonZeroU32::new(place + 1)));
    }

    fn wait_to_write<T>(&self, context: &mut Context<'_>) -> Poll<T> {
        let waiting = self.writer.take().filter(|waiting| waiting.will_wake(context.waker()));
        self.writer.set(Some(waiting.unwrap_or_else(|| Box::new(context.waker().clone()))));
        Poll::Pending
    }

    pub fn local(&self) -> SocketAddr {
        self.pair.local()
    }

    pub fn peer(&self) -> SocketAddr {
        self.pair.remote()
    }

    /// An empty chunk to write into.
    pub fn chunk(&self) -> Chunk {
        self.core.shared.pool.take()
    }

    /// Wakes those who wait for what has changed.
    pub fn wake(&self, changes: &Changes) {
        if changes.readable || changes.closed || changes.failed {
            self.reader.take().into_iter().for_each(Waker::wake);
        }
        if changes.writable || changes.opened || changes.failed {
            self.writer.take().into_iter().for_each(|waker| waker.wake());
        }
    }

    /// Ready when the handshake is over.
    pub fn poll_opened(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let connection = self.connection.borrow();
        match (failure(&connection), connection.state()) {
            (Some(error), _) => Poll::Ready(Err(error)),
            (None, State::SynSent | State::SynReceived) => self.wait_to_write(context),
            (None, _) => Poll::Ready(Ok(())),
        }
    }

    /// What has come, if the peer has not finished.
    pub fn poll_received(&self, context: &mut Context<'_>) -> Poll<Result<Option<Chunk>, Error>> {
        let mut connection = self.connection.borrow_mut();
        if let Some(chunk) = connection.take_received() {
            return Poll::Ready(Ok(Some(chunk)));
        }
        if connection.is_finished() {
            return Poll::Ready(Ok(None));
        }
        match failure(&connection) {
            Some(error) => Poll::Ready(Err(error)),
            None => wait(&self.reader, context),
        }
    }

    /// Counts bytes as read, and has the peer told of the room when there is much more of it.
    pub fn consumed(self: &Rc<Self>, bytes: usize) {
        if self.connection.borrow_mut().consumed(bytes) {
            self.core.touch(self);
        }
    }

    /// Ready when a chunk can be [given](Self::give).
    pub fn poll_room(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let connection = self.connection.borrow();
        match failure(&connection) {
            Some(error) => Poll::Ready(Err(error)),
            None if connection.send_room() > 0 => Poll::Ready(Ok(())),
            None => self.wait_to_write(context),
        }
    }

    /// Hands bytes over to be sent.
    pub fn give(self: &Rc<Self>, chunk: Chunk) {
        self.connection.borrow_mut().give(chunk);
        self.core.touch(self);
    }

    /// Ends the stream towards the peer.
    pub fn close(self: &Rc<Self>) {
        self.connection.borrow_mut().close();
        self.core.touch(self);
    }

    /// Nobody will read any more; `unread` when some of what has come was not read to its end.
    pub fn leave_reading(self: &Rc<Self>, unread: bool) {
        self.reading.set(false);
        self.reader.set(None);
        let unread = self.discard() | unread;
        if !self.writing.get() {
            self.leave(unread);
        }
    }

    /// Nobody will write any more: the stream towards the peer ends, if it has not.
    pub fn leave_writing(self: &Rc<Self>) {
        self.writing.set(false);
        self.writer.set(None);
        self.close();
        if !self.reading.get() {
            self.leave(false);
        }
    }

    /// Throws away what has come when nobody will read it. That is while somebody still writes; after that the
    /// connection itself refuses it.
    pub fn heed_absence(self: &Rc<Self>) {
        if !self.reading.get() {
            self.discard();
        }
    }

    /// Ends the connection at once.
    pub fn abort(&self) {
        let reset = self.connection.borrow_mut().abort();
        if let Some(reset) = reset
            && self.place.get().is_some()
        {
            self.core.reset(self, reset);
        }
        self.core.detach(self);
    }

    /// Nobody has it any more. What was not read was lost, and the peer is to know (RFC 9293 section 3.6.1, RFC 2525
    /// section 2.17); so is a connection that does not stand yet.
    fn leave(self: &Rc<Self>, unread: bool) {
        let mut connection = self.connection.borrow_mut();
        if unread || matches!(connection.state(), State::SynSent | State::SynReceived | State::Closed) {
            drop(connection);
            self.abort();
        } else {
            connection.stop_receiving();
            drop(connection);
            // It may wait for the peer's FIN, and now not for ever.
            self.core.touch(self);
        }
    }

    /// Throws away what has come; whether there was any.
    fn discard(self: &Rc<Self>) -> bool {
        let mut any = false;
        loop {
            let chunk = self.connection.borrow_mut().take_received();
            let Some(chunk) = chunk else { return any };
            any |= !chunk.is_empty();
            self.consumed(chunk.len());
        }
    }
}

/// Why nothing can be done with a connection any more.
fn failure(connection: &Connection) -> Option<Error> {
    let over = connection.state() == State::Closed;
    connection.error().or(over.then_some(Error::Closed))
}

fn wait<T>(waker: &Cell<Option<Waker>>, context: &mut Context<'_>) -> Poll<T> {
    let waiting = waker.take().filter(|waiting| waiting.will_wake(context.waker()));
    waker.set(Some(waiting.unwrap_or_else(|| context.waker().clone())));
    Poll::Pending
}
