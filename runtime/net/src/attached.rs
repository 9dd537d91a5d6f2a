//! The protocols that stand on a layer.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;

use mirage::Packets;
use mirage::time::Instant;

use crate::due::earlier;

/// Protocols by number. Few, so that a list is the quickest table.
pub struct Attached<P: ?Sized>(RefCell<Rc<List<P>>>);

type List<P> = Vec<(u16, Rc<P>)>;

impl<P: ?Sized> Default for Attached<P> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<P: ?Sized> Attached<P> {
    /// Puts a protocol under a number, in the place of those before.
    pub fn add(&self, number: u16, protocol: Rc<P>) {
        self.put(number, protocol, true);
    }

    /// Puts a protocol under a number, besides those that are there.
    pub fn join(&self, number: u16, protocol: Rc<P>) {
        self.put(number, protocol, false);
    }

    fn put(&self, number: u16, protocol: Rc<P>, alone: bool) {
        let mut protocols = self.0.borrow_mut();
        let protocols = Rc::make_mut(&mut protocols);
        if alone {
            protocols.retain(|(of, _)| *of != number);
        }
        protocols.push((number, protocol));
    }

    /// The protocol of a number.
    pub fn find(&self, number: u16) -> Option<Rc<P>> {
        self.find_for(number, |_| false)
    }

    /// The protocol of a number: of several, the first that claims what has come, or else the last.
    pub fn find_for(&self, number: u16, claims: impl Fn(&P) -> bool) -> Option<Rc<P>> {
        let protocols = self.0.borrow();
        let mut of_number = protocols.iter().filter(|(of, _)| *of == number).map(|(_, protocol)| protocol);
        let mut found = of_number.next()?;
        // With one alone, as it mostly is, nobody is asked.
        for next in of_number {
            if claims(found) {
                break;
            }
            found = next;
        }
        Some(Rc::clone(found))
    }

    /// Visits each.
    pub fn each(&self, mut visit: impl FnMut(&P)) {
        self.visit(&mut |_, protocol| visit(protocol));
    }

    /// Visits each of a number.
    pub fn each_of(&self, number: u16, mut visit: impl FnMut(&P)) {
        self.visit(&mut |of, protocol| {
            if of == number {
                visit(protocol);
            }
        });
    }

    /// Once a round at most, and so one function for all that visit.
    fn visit(&self, visit: &mut dyn FnMut(u16, &P)) {
        // A protocol may attach another from here: the list is as it was meanwhile, and not borrowed.
        let protocols = Rc::clone(&self.0.borrow());
        for (of, protocol) in protocols.iter() {
            visit(*of, protocol);
        }
    }

    /// Polls each; the earliest moment at which one wants to be polled again.
    pub fn poll(&self, poll: impl Fn(&P) -> Option<Instant>) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        self.visit(&mut |_, protocol| next = earlier(next, poll(protocol)));
        next
    }
}

impl Attached<dyn Packets> {
    /// Puts a protocol under its number: besides those before where it shares that, else in their place.
    pub fn attach(&self, number: u8, protocol: Rc<dyn Packets>) {
        if protocol.shares() {
            self.join(number.into(), protocol);
        } else {
            self.add(number.into(), protocol);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_number_has_what_no_other_claims() {
        let attached = Attached::<u8>::default();
        for (number, protocol) in [(17, 1), (6, 2), (17, 3), (17, 4)] {
            attached.join(number, Rc::new(protocol));
        }
        let whose =
            |number, claims: &[u8]| attached.find_for(number, |protocol| claims.contains(protocol)).as_deref().copied();
        assert_eq!(
            (whose(17, &[]), whose(17, &[3]), whose(17, &[3, 1]), whose(17, &[2])),
            (Some(4), Some(3), Some(1), Some(4))
        );
        assert_eq!((whose(6, &[]), whose(1, &[1])), (Some(2), None));
        let mut seen = Vec::new();
        attached.each_of(17, |protocol| seen.push(*protocol));
        assert_eq!(seen, [1, 3, 4]);
    }

    #[test]
    fn what_is_added_takes_the_place_of_the_one_before() {
        let attached = Attached::<u8>::default();
        attached.join(17, Rc::new(1));
        attached.join(17, Rc::new(2));
        attached.add(17, Rc::new(3));
        let mut seen = Vec::new();
        attached.each(|protocol| seen.push(*protocol));
        assert_eq!((attached.find(17).as_deref(), &seen[..]), (Some(&3), &[3][..]));
    }
}
