//! Interrupts as something to wait for.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::task::{Context, Poll, Waker};

/// Vectors that devices have; the first one is the timer's, the last one that of spurious interrupts.
const FIRST: u8 = 33;
const LAST: u8 = 62;
const COUNT: usize = 64 - 32;

/// An interrupt vector. There are 30, and they are never given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupt(u8);

struct Vectors {
    given: Cell<u8>,
    raised: Cell<u64>,
    /// Everybody who waits for each: a device's tasks, and those of devices that share a line.
    wakers: RefCell<[Vec<Waker>; COUNT]>,
}

// SAFETY: there is one processor, and interrupts are noted down in ring 0: nothing of this runs in one.
unsafe impl Sync for Vectors {}

static VECTORS: Vectors =
    Vectors { given: Cell::new(0), raised: Cell::new(0), wakers: RefCell::new([const { Vec::new() }; COUNT]) };

impl Interrupt {
    /// The next vector; none when all are given.
    pub fn new() -> Option<Self> {
        let vector = FIRST + VECTORS.given.get();
        (vector <= LAST).then(|| {
            VECTORS.given.set(VECTORS.given.get() + 1);
            Self(vector)
        })
    }

    /// Its number.
    pub fn vector(self) -> u8 {
        self.0
    }

    /// Ready once if it was raised since the last time; else everybody who asked is woken when it is.
    pub fn poll_raised(self, context: &mut Context<'_>) -> Poll<()> {
        let bit = 1 << (self.0 - 32);
        let raised = VECTORS.raised.get();
        if raised & bit != 0 {
            VECTORS.raised.set(raised & !bit);
            return Poll::Ready(());
        }
        if let Some(wakers) = VECTORS.wakers.borrow_mut().get_mut(usize::from(self.0 - 32))
            && !wakers.iter().any(|waker| waker.will_wake(context.waker()))
        {
            wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}

/// Wakes who waits for these vectors, a bit each from 32 on.
pub fn raise(bits: u64) {
    VECTORS.raised.set(VECTORS.raised.get() | bits);
    let mut left = bits;
    while left != 0 {
        let index = left.trailing_zeros() as usize;
        left &= left - 1;
        // Waking puts a task into the queue, and runs none. What holds them stays, for the next ones.
        if let Some(wakers) = VECTORS.wakers.borrow_mut().get_mut(index) {
            wakers.drain(..).for_each(Waker::wake);
        }
    }
}
