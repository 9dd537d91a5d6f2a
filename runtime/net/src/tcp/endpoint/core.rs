//! What all connections of an endpoint share.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::task::Waker;
use core::time::Duration;

use mirage::Offloads;
use mirage::time::Instant;

use super::Socket;
use super::connections::Connections;
use crate::ports::Ports;
use crate::tcp::Segment;
use crate::tcp::buffer::Pool;
use crate::tcp::connection::{Changes, Config, Connection, Shared, State};
use crate::tcp::guard::Secret;
use crate::tcp::table::{Closed, Pair, TimeWaits};

/// Connections that wait to be accepted on a port, at most; a peer whose handshake ends beyond that is not answered
/// and tries again.
pub const BACKLOG: usize = 4096;

/// The tables behind the handles of applications. It does not know the layer below: what is to be sent is marked, and
/// sent when the loop polls.
pub struct Core {
    pub secret: Secret,
    pub shared: Rc<Shared>,
    pub connections: RefCell<Connections>,
    pub time_waits: RefCell<TimeWaits>,
    pub ports: RefCell<Ports<Port>>,
    /// Connections with something to send, each once.
    pub dirty: RefCell<Vec<Rc<Socket>>>,
    /// RSTs of connections that are gone.
    pub resets: RefCell<VecDeque<(Pair, Offloads, Segment)>>,
    /// How often a connection was looked at.
    pub visits: Cell<u64>,
    /// What became due is being sent just now.
    polling: Cell<bool>,
    wake: Box<dyn Fn()>,
}

/// A port somebody listens on.
#[derive(Default)]
pub struct Port {
    pub queue: RefCell<VecDeque<Rc<Socket>>>,
    pub waker: Cell<Option<Waker>>,
}

impl Core {
    pub fn new(secret: Secret, config: Config, wake: Box<dyn Fn()>) -> Rc<Self> {
        Rc::new(Self {
            secret,
            shared: Rc::new(Shared { config, pool: Pool::default() }),
            connections: RefCell::default(),
            time_waits: RefCell::default(),
            ports: RefCell::default(),
            dirty: RefCell::default(),
            resets: RefCell::default(),
            visits: Cell::default(),
            polling: Cell::default(),
            wake,
        })
    }

    /// A connection is looked at.
    pub fn visit(&self) {
        self.visits.set(self.visits.get() + 1);
    }

    pub fn find(&self, hash: u32, pair: &Pair) -> Option<Rc<Socket>> {
        self.connections.borrow().find(hash, pair).map(Rc::clone)
    }

    /// Adds a connection whose ends are those of no other.
    pub fn insert(self: &Rc<Self>, pair: Pair, connection: Connection, offloads: Offloads) -> Rc<Socket> {
        let socket = Rc::new(Socket::new(self, pair, connection, offloads));
        let place = self.connections.borrow_mut().insert(self.secret.hash(&pair), Rc::clone(&socket));
        socket.set_place(Some(place));
        socket
    }

    /// Takes a connection out of the table: no packet will come for it any more. Whoever has it can still read what
    /// has come, and see how it ended.
    pub fn detach(&self, socket: &Socket) {
        if let Some(place) = socket.place() {
            socket.set_place(None);
            self.connections.borrow_mut().remove(self.secret.hash(socket.pair()), place);
        }
    }

    /// Has a connection asked, in this round or the next one, what it has to send.
    pub fn touch(&self, socket: &Rc<Socket>) {
        if socket.place().is_some() && !socket.dirty.replace(true) {
            self.dirty.borrow_mut().push(Rc::clone(socket));
            self.request();
        }
    }

    /// Sends a RST in this round or the next one.
    pub fn reset(&self, socket: &Socket, segment: Segment) {
        self.resets.borrow_mut().push_back((*socket.pair(), socket.offloads.get(), segment));
        self.request();
    }

    /// Tells those who wait for what has changed, and sees to what follows from it.
    pub fn apply(&self, socket: &Rc<Socket>, changes: Changes, now: Instant) {
        socket.wake(&changes);
        if changes.readable {
            socket.heed_absence();
        }
        if changes.dirty {
            self.touch(socket);
        }
        if !socket.dirty.get() {
            self.settle(socket, now);
        }
    }

    /// Sees to a connection that has nothing to send just now: whether it still is one, and when it is due.
    pub fn settle(&self, socket: &Socket, now: Instant) {
        let Some(place) = socket.place() else { return };
        let Ok(connection) = socket.connection.try_borrow() else { return };
        if connection.state() == State::Closed {
            drop(connection);
            self.detach(socket);
            // It may have ended where nothing came in.
            socket.wake(&Changes { failed: true, ..Changes::default() });
        } else if connection.state() == State::TimeWait {
            let closed = Closed::new(*socket.pair(), connection.time_wait());
            drop(connection);
            self.detach(socket);
            self.time_waits.borrow_mut().insert(closed, now, |pair| self.secret.hash(pair));
        } else {
            // What is due now was seen to just now.
            let deadline = connection.deadline().map(|deadline| deadline.max(now + Duration::from_nanos(1)));
            self.connections.borrow_mut().set_timer(place, deadline);
        }
    }

    /// What became due is sent from here on, until [`end`](Self::end): nobody needs to ask for it.
    pub fn begin(&self) {
        self.polling.set(true);
    }

    pub fn end(&self) {
        self.polling.set(false);
    }

    fn request(&self) {
        if !self.polling.get() {
            (self.wake)();
        }
    }
}
