//! Interrupts as something to wait for.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::task::{Context, Poll, Waker};

/// Vectors that devices have; the first one is the timer's, the last one that of spurious interrupts.
const FIRST: u8 = 33;
const LAST: u8 = 62;

/// An interrupt vector. There are 30, and they are never given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupt(u8);

struct Vectors {
    given: Cell<u8>,
    raised: Cell<u64>,
    /// Everybody who waits, and for which one: a device's tasks, and those of devices that share a line.
    wakers: RefCell<Vec<(u8, Waker)>>,
}

// SAFETY: there is one processor, and interrupts are noted down in ring 0: nothing of this runs in one.
unsafe impl Sync for Vectors {}

static VECTORS: Vectors = Vectors { given: Cell::new(0), raised: Cell::new(0), wakers: RefCell::new(Vec::new()) };

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
        let mut wakers = VECTORS.wakers.borrow_mut();
        if !wakers.iter().any(|(vector, waker)| *vector == self.0 && waker.will_wake(context.waker())) {
            wakers.push((self.0, context.waker().clone()));
        }
        Poll::Pending
    }
}

/// Wakes who waits for these vectors, a bit each from 32 on.
pub fn raise(bits: u64) {
    VECTORS.raised.set(VECTORS.raised.get() | bits);
    // Waking puts a task into the queue, and runs none.
    let mut wakers = VECTORS.wakers.borrow_mut();
    let mut at = 0;
    while let Some(&(vector, _)) = wakers.get(at) {
        if bits & 1 << (vector - 32) != 0 {
            wakers.remove(at).1.wake();
        } else {
            at += 1;
        }
    }
}
