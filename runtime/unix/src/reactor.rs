//! Waiting for file descriptors: edge-triggered `epoll(7)`.
//!
//! A descriptor is registered once, for both directions, and never re-armed. Each direction has a flag that an event
//! sets and an operation that would block clears; while it is set, operations are tried without waiting. So a request
//! on a kept-alive connection costs one `read`, one `write` and its share of an `epoll_wait`, where a one-shot reactor
//! pays an `epoll_ctl` a wait and one with a timer descriptor two calls more.

use std::cell::RefCell;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use slab::Slab;

/// Events taken at once.
const BATCH: usize = 512;

/// All that is waited for. All clones are one reactor.
#[derive(Clone)]
pub struct Reactor(Rc<Inner>);

struct Inner {
    epoll: OwnedFd,
    sources: RefCell<Slab<Source>>,
    events: RefCell<Vec<epoll::Event>>,
}

#[derive(Default)]
struct Source {
    read: Readiness,
    write: Readiness,
}

#[derive(Default)]
struct Readiness {
    ready: bool,
    /// The peer has finished or the descriptor has failed: there will be no further edge, so it stays ready.
    ended: bool,
    waker: Option<Waker>,
}

/// A direction to wait for.
#[derive(Clone, Copy)]
pub enum Direction {
    /// Until there is something to read, or to accept.
    Read,
    /// Until there is room to write, or a connection stands.
    Write,
}

impl Reactor {
    /// A reactor that waits for nothing yet.
    pub fn new() -> Result<Self, Errno> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let events = RefCell::new(Vec::with_capacity(BATCH));
        Ok(Self(Rc::new(Inner { epoll, sources: RefCell::new(Slab::new()), events })))
    }

    /// Waits for a descriptor from now on, until the registration is dropped; the descriptor is to be closed with it.
    pub fn register(&self, descriptor: impl AsFd) -> Result<Registration, Errno> {
        let key = self.0.sources.borrow_mut().insert(Source::default());
        let registration = Registration { reactor: self.clone(), key };
        let flags = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
        epoll::add(&self.0.epoll, descriptor, epoll::EventData::new_u64(key as u64), flags)?;
        Ok(registration)
    }

    /// Waits at most `timeout` (for ever if none), and wakes those for whom something came; tells whether anything did.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<bool, Errno> {
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        let mut events = self.0.events.borrow_mut();
        events.clear();
        match epoll::wait(&self.0.epoll, rustix::buffer::spare_capacity(&mut events), timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
        let mut sources = self.0.sources.borrow_mut();
        for event in events.iter() {
            let flags = event.flags;
            // An event of a descriptor that was closed in the meantime finds nobody, or somebody who then finds that
            // there is nothing to read.
            let Some(source) = usize::try_from(event.data.u64()).ok().and_then(|key| sources.get_mut(key)) else {
                continue;
            };
            let failed = flags.intersects(epoll::EventFlags::ERR | epoll::EventFlags::HUP);
            let finished = failed || flags.contains(epoll::EventFlags::RDHUP);
            if finished || flags.contains(epoll::EventFlags::IN) {
                source.read.set(finished);
            }
            if failed || flags.contains(epoll::EventFlags::OUT) {
                source.write.set(failed);
            }
        }
        Ok(!events.is_empty())
    }
}

impl Readiness {
    fn set(&mut self, ended: bool) {
        self.ready = true;
        self.ended |= ended;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A descriptor that is waited for.
pub struct Registration {
    reactor: Reactor,
    key: usize,
}

impl Registration {
    /// Ready when an operation in this direction is worth trying.
    pub fn poll_ready(&self, direction: Direction, context: &mut Context<'_>) -> Poll<()> {
        self.with(direction, |readiness| {
            if readiness.ready {
                return Poll::Ready(());
            }
            match &mut readiness.waker {
                Some(waker) => waker.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
            Poll::Pending
        })
    }

    /// Tries an operation until it does not have to wait.
    pub fn poll_io<T>(
        &self,
        direction: Direction,
        context: &mut Context<'_>,
        mut operation: impl FnMut() -> Result<T, Errno>,
    ) -> Poll<Result<T, Errno>> {
        loop {
            ready!(self.poll_ready(direction, context));
            match operation() {
                Err(Errno::AGAIN) => self.drained(direction),
                Err(Errno::INTR) => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// As [`poll_io`](Self::poll_io), for somebody who waits.
    pub async fn io<T>(
        &self,
        direction: Direction,
        mut operation: impl FnMut() -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        std::future::poll_fn(|context| self.poll_io(direction, context, &mut operation)).await
    }

    /// Notes that there is nothing more in this direction until the next event: a short read says so as well as one
    /// that would block, and saves it.
    pub fn drained(&self, direction: Direction) {
        self.with(direction, |readiness| readiness.ready = readiness.ended);
    }

    fn with<T>(&self, direction: Direction, change: impl FnOnce(&mut Readiness) -> T) -> T {
        let mut sources = self.reactor.0.sources.borrow_mut();
        let source = &mut sources[self.key];
        change(match direction {
            Direction::Read => &mut source.read,
            Direction::Write => &mut source.write,
        })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // Closing the descriptor takes it out of the epoll set.
        self.reactor.0.sources.borrow_mut().remove(self.key);
    }
}
