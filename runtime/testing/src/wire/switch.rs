//! The switch that all ports of a wire are plugged into.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::{Rc, Weak};

use mirage::time::Instant;
use mirage::{MacAddress, Offloads};
use rand_core::Rng as _;

use super::capture::{Capture, Captures};
use super::passage::Passage;
use super::port::End;
use super::{Conditions, Port, headers};
use crate::{Clock, Random};

/// An Ethernet segment: a switch that learns who is where. All clones are one segment.
#[derive(Clone)]
pub struct Wire(Rc<Segment>);

/// Picks frames that are to be lost.
type Pick = Box<dyn FnMut(&[u8]) -> bool>;

struct Segment {
    number: u8,
    clock: Clock,
    random: Random,
    captures: Captures,
    capture: Capture,
    conditions: RefCell<Conditions>,
    mtu: Cell<usize>,
    ports: RefCell<Vec<Weak<End>>>,
    /// Behind which port a hardware address was seen last.
    learnt: RefCell<BTreeMap<[u8; 6], usize>>,
    lose: RefCell<Option<Pick>>,
}

impl Wire {
    /// The MTU of Ethernet (RFC 894).
    const MTU: usize = 1500;

    pub(crate) fn new(number: u8, clock: Clock, random: Random, captures: Captures) -> Self {
        let capture = captures.add(format!("wire{number}"), &clock);
        Self(Rc::new(Segment {
            number,
            clock,
            random,
            captures,
            capture,
            conditions: RefCell::default(),
            mtu: Cell::new(Self::MTU),
            ports: RefCell::default(),
            learnt: RefCell::default(),
            lose: RefCell::default(),
        }))
    }

    /// A new port, a plain one: its checksums are the stack's business.
    pub fn port(&self) -> Port {
        self.port_with(Offloads::default())
    }

    /// A new port that does this for what is sent through it. What it does to frames that are to go it does to those
    /// that come as well: it looks at their checksums, and makes one of several segments of a connection.
    pub fn port_with(&self, offloads: Offloads) -> Port {
        let number = self.0.ports.borrow().len();
        // A locally administered address (IEEE 802c) that tells the reader of a capture who it is.
        let [high, low] = u16::try_from(number + 1).unwrap_or(u16::MAX).to_be_bytes();
        let mac = MacAddress([0x02, 0, 0, self.0.number, high, low]);
        // Luck of its own for each direction: traffic elsewhere does not change it.
        let passage = |conditions| Passage::new(conditions, Random::new(self.0.random.clone().next_u64()));
        let (up, down) =
            (passage(Conditions::after(std::time::Duration::ZERO)), passage(self.0.conditions.borrow().clone()));
        let name = format!("wire{}-port{}", self.0.number, number + 1);
        let end = Rc::new(End::new(number, mac, up, down, self.0.captures.add(name, &self.0.clock)));
        self.0.ports.borrow_mut().push(Rc::downgrade(&end));
        Port::new(self.clone(), end, self.0.mtu.get(), offloads)
    }

    /// What happens to every frame, once for each port it goes to; each of these ways has the rate and the queue for
    /// itself. Holds from now on and for ports to come; [`Line`](super::Line) has it for one direction of one port.
    pub fn conditions(&self, conditions: Conditions) {
        for end in self.0.ports.borrow().iter().filter_map(Weak::upgrade) {
            end.down.borrow_mut().conditions = conditions.clone();
        }
        self.0.conditions.replace(conditions);
    }

    /// The largest payload of a frame in bytes, of ports to come; 1500 if nothing is said.
    pub fn mtu(&self, mtu: usize) {
        self.0.mtu.set(mtu);
    }

    /// Loses every frame that `pick` is true for, besides what the conditions lose: to lose just the third SYN.
    pub fn lose(&self, pick: impl FnMut(&[u8]) -> bool + 'static) {
        self.0.lose.replace(Some(Box::new(pick)));
    }

    /// Writes the frames sent on this wire from now on to `path` when the test ends, in pcap format, each once and as
    /// it was sent, the lost ones as well; at most the last 32 MiB.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn capture(&self, path: impl AsRef<Path>) {
        self.0.capture.to(path.as_ref());
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// A frame leaves the device at `from`.
    pub(super) fn send(&self, from: &End, mut frame: Vec<u8>) {
        frame.resize(frame.len().max(headers::SHORTEST), 0);
        self.0.capture.record(&frame);
        from.capture.record(&frame);
        let mut pick = self.0.lose.take();
        let lost = pick.as_mut().is_some_and(|pick| pick(&frame));
        if let Some(pick) = pick {
            self.0.lose.borrow_mut().get_or_insert(pick);
        }
        if from.cut.get() || lost {
            from.up.borrow_mut().counters.lost += 1;
            return;
        }
        let now = mirage::Clock::now(&self.0.clock);
        from.up.borrow_mut().pass(now, frame, |at, frame| self.forward(from.number, at, frame));
    }

    /// A frame reaches the switch at `at`: it goes where its destination was seen, or everywhere (IEEE 802.1D).
    fn forward(&self, from: usize, at: Instant, frame: Vec<u8>) {
        let address = |at: usize| frame.get(at..at + 6).and_then(|bytes| <[u8; 6]>::try_from(bytes).ok());
        let (Some(to), Some(source)) = (address(0), address(6)) else { return };
        if !MacAddress(source).is_group() {
            self.0.learnt.borrow_mut().insert(source, from);
        }
        let ports = self.0.ports.borrow();
        let known = self.0.learnt.borrow().get(&to).and_then(|&port| ports[port].upgrade());
        match known {
            Some(end) if end.number == from => {}
            Some(end) => end.put(at, frame),
            None => {
                let others = ports.iter().filter_map(Weak::upgrade).filter(|end| end.number != from);
                others.for_each(|end| end.put(at, frame.clone()));
            }
        }
    }
}
