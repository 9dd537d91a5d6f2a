//! The protocols that stand on a layer.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;

use mirage::time::Instant;

/// Protocols by number. Few, so that a list is the quickest table.
pub struct Attached<P: ?Sized>(RefCell<Vec<(u16, Rc<P>)>>);

impl<P: ?Sized> Default for Attached<P> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<P: ?Sized> Attached<P> {
    /// Puts a protocol under a number, in the place of the one before.
    pub fn add(&self, number: u16, protocol: Rc<P>) {
        let mut protocols = self.0.borrow_mut();
        match protocols.iter_mut().find(|(of, _)| *of == number) {
            Some((_, before)) => *before = protocol,
            None => protocols.push((number, protocol)),
        }
    }

    /// The protocol of a number.
    pub fn find(&self, number: u16) -> Option<Rc<P>> {
        self.0.borrow().iter().find(|(of, _)| *of == number).map(|(_, protocol)| Rc::clone(protocol))
    }

    /// Visits each.
    pub fn each(&self, mut visit: impl FnMut(&P)) {
        for index in 0.. {
            // A protocol may attach another from here: the list is not borrowed meanwhile.
            let protocol = self.0.borrow().get(index).map(|(_, protocol)| Rc::clone(protocol));
            let Some(protocol) = protocol else { break };
            visit(&protocol);
        }
    }

    /// Polls each; the earliest moment at which one wants to be polled again.
    pub fn poll(&self, poll: impl Fn(&P) -> Option<Instant>) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        self.each(|protocol| next = [next, poll(protocol)].into_iter().flatten().min());
        next
    }
}
