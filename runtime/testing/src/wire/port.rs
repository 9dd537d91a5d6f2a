//! A port: a network interface plugged into a wire.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use mirage::time::Instant;
use mirage::{MacAddress, Network, Offload, Offloads, Received};
use mirage_executor::Sleep;

use super::capture::Capture;
use super::coalesce::Coming;
use super::passage::Passage;
use super::{Line, Wire, offload};

/// Frames a port takes before the device has to be [notified](Network::notify).
const RING: usize = 256;
/// Frames that wait to be received at most, or are under way; what comes on top is lost, as in a device whose ring is
/// full.
const UNDER_WAY: usize = 64 * 1024;

/// A network interface plugged into a [`Wire`]. Dropping it unplugs it.
pub struct Port {
    wire: Wire,
    end: Rc<End>,
    mtu: usize,
    offloads: Offloads,
    /// What was sent and is to go when the device is told.
    ring: Vec<(Vec<u8>, Offload)>,
    /// How many the ring takes.
    room: usize,
    /// Somebody was refused and waits for room.
    refused: bool,
    /// Until the next frame arrives.
    sleep: Option<Sleep>,
}

/// What the wire knows of a port.
pub struct End {
    pub number: usize,
    pub mac: MacAddress,
    pub up: RefCell<Passage>,
    pub down: RefCell<Passage>,
    pub cut: Cell<bool>,
    pub capture: Capture,
    frames: RefCell<Frames>,
    waker: RefCell<Option<Waker>>,
}

/// Frames by when they reach the next place; the number keeps those of one moment in order.
#[derive(Default)]
struct Frames {
    to_switch: BTreeMap<(Instant, u64), Vec<u8>>,
    to_port: BTreeMap<(Instant, u64), Vec<u8>>,
    numbered: u64,
}

impl Frames {
    fn number(&mut self) -> u64 {
        self.numbered += 1;
        self.numbered
    }

    /// When something happens next.
    fn next(&self) -> Option<Instant> {
        let first = |frames: &BTreeMap<(Instant, u64), _>| frames.keys().next().map(|&(at, _)| at);
        first(&self.to_switch).into_iter().chain(first(&self.to_port)).min()
    }
}

impl End {
    pub fn new(number: usize, mac: MacAddress, up: Passage, down: Passage, capture: Capture) -> Self {
        let (up, down) = (RefCell::new(up), RefCell::new(down));
        Self {
            number,
            mac,
            up,
            down,
            cut: Cell::default(),
            capture,
            frames: RefCell::default(),
            waker: RefCell::default(),
        }
    }

    /// A frame for this port reaches the switch at `at`.
    pub fn put(&self, at: Instant, frame: Vec<u8>) {
        let mut frames = self.frames.borrow_mut();
        if self.cut.get() || frames.to_switch.len() + frames.to_port.len() >= UNDER_WAY {
            self.down.borrow_mut().counters.lost += 1;
            return;
        }
        let number = frames.number();
        frames.to_switch.insert((at, number), frame);
        drop(frames);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Loses what is under way.
    pub fn forget(&self) {
        let mut frames = self.frames.borrow_mut();
        frames.to_switch.clear();
        frames.to_port.clear();
    }

    /// Sends on what has reached the switch, each as of when it did: whoever asks late changes nothing.
    fn advance(&self, now: Instant) {
        let mut frames = self.frames.borrow_mut();
        while let Some(entry) = frames.to_switch.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((at, _), frame) = entry.remove_entry();
            self.down.borrow_mut().pass(at, frame, |arrival, frame| {
                let number = frames.number();
                frames.to_port.insert((arrival, number), frame);
            });
        }
    }

    /// The next frame, if it has arrived and is `wanted`.
    fn take(&self, now: Instant, wanted: impl FnOnce(&[u8]) -> bool) -> Option<Vec<u8>> {
        let mut frames = self.frames.borrow_mut();
        let entry = frames.to_port.first_entry().filter(|entry| entry.key().0 <= now && wanted(entry.get()))?;
        let frame = entry.remove();
        self.capture.record(&frame);
        Some(frame)
    }

    /// Whether a frame has arrived.
    fn is_due(&self, now: Instant) -> bool {
        self.frames.borrow().to_port.keys().next().is_some_and(|&(at, _)| at <= now)
    }
}

impl Port {
    pub(super) fn new(wire: Wire, end: Rc<End>, mtu: usize, offloads: Offloads) -> Self {
        Self { wire, end, mtu, offloads, ring: Vec::new(), room: RING, refused: false, sleep: None }
    }

    /// The port's line, to keep when the port goes into a stack.
    pub fn line(&self) -> Line {
        Line(Rc::clone(&self.end))
    }

    /// The same port with room for so many frames before the device has to be notified; 256 if nothing is said.
    #[must_use]
    pub fn with_room(self, frames: usize) -> Self {
        Self { room: frames.max(1), ..self }
    }

    fn now(&self) -> Instant {
        mirage::Clock::now(self.wire.clock())
    }

    /// The next frame that has arrived, as this port's device hands it over.
    fn next(&self, now: Instant) -> Option<Coming> {
        let frame = self.end.take(now, |_| true)?;
        if self.offloads == Offloads::default() {
            return Some(Coming::plain(frame));
        }
        let mut coming = Coming::checked(frame);
        if self.offloads.segment_v4 || self.offloads.segment_v6 {
            while self.end.take(now, |frame| coming.append(frame)).is_some() {}
        }
        Some(coming)
    }
}

impl Network for Port {
    type Error = Infallible;

    fn mac(&self) -> MacAddress {
        self.end.mac
    }

    fn mtu(&self) -> usize {
        self.mtu
    }

    fn offloads(&self) -> Offloads {
        self.offloads
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        let now = self.now();
        self.end.advance(now);
        if self.end.is_due(now) || (self.refused && self.ring.len() < self.room) {
            self.refused = false;
            self.sleep = None;
            return Poll::Ready(Ok(()));
        }
        self.end.waker.replace(Some(context.waker().clone()));
        let next = self.end.frames.borrow().next();
        let mut sleep = next.map(|at| self.wire.clock().sleep(at));
        if let Some(sleep) = &mut sleep {
            // It is not over yet: its moment is past `now`.
            let _ = Pin::new(sleep).poll(context);
        }
        self.sleep = sleep;
        Poll::Pending
    }

    fn receive(&mut self, most: usize, deliver: &mut dyn FnMut(&mut [u8], Received)) -> Result<usize, Infallible> {
        let now = self.now();
        self.end.advance(now);
        let mut count = 0;
        while count < most {
            let Some(mut coming) = self.next(now) else { break };
            deliver(&mut coming.frame, coming.received);
            count += 1;
        }
        Ok(count)
    }

    fn send(&mut self, frame: &[&[u8]], offload: Offload) -> Result<bool, Infallible> {
        let fits = self.ring.len() < self.room;
        if fits {
            self.ring.push((frame.concat(), offload));
        }
        self.refused |= !fits;
        Ok(fits)
    }

    fn notify(&mut self) -> Result<(), Infallible> {
        for (frame, offload) in self.ring.drain(..) {
            offload::emit(frame, offload, self.offloads, self.mtu, |frame| self.wire.send(&self.end, frame));
        }
        Ok(())
    }
}
