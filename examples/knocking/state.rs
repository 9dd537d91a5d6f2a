//! State: the knocks so far.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;

/// The knocks since the last reset. All clones are one.
#[derive(Clone, Debug, Default)]
pub struct State(Rc<RefCell<Knocks>>);

#[derive(Debug, Default)]
struct Knocks {
    sequence: Vec<u16>,
    /// There were more than are kept: what is kept is not the whole sequence.
    too_many: bool,
}

impl State {
    /// The most knocks that are kept, and so the longest sequence there is.
    pub const LONGEST: usize = 64;

    /// Records a knock. Past [`Self::LONGEST`] it only counts as one too many: nothing matches until a reset.
    pub fn knock(&self, offset: u16) {
        let mut knocks = self.0.borrow_mut();
        if knocks.sequence.len() < Self::LONGEST {
            knocks.sequence.push(offset);
        } else {
            knocks.too_many = true;
        }
    }

    /// Forgets all knocks.
    pub fn reset(&self) {
        *self.0.borrow_mut() = Knocks::default();
    }

    /// The whole sequence; none if it was too long to be kept.
    pub fn sequence(&self) -> Option<Vec<u16>> {
        let knocks = self.0.borrow();
        (!knocks.too_many).then(|| knocks.sequence.clone())
    }
}
