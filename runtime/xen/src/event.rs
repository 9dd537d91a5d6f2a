//! Event channels: a bit a channel in the page Xen shares with a domain, and one vector for all of them
//! (xen/include/public/event_channel.h; the layout of `struct shared_info` in xen.h).

use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{Context, Poll};

use alloc::vec::Vec;

use mirage_pvh::{Interrupt, call};

use crate::page::{Shared, Static};

/// The vector that Xen raises for all channels.
pub const VECTOR: u8 = 33;

/// The page Xen shares with us.
pub static INFO: Static = Static::new();

/// Where in it the one processor's part is, and what that has: whether something is pending, which words of the bits of
/// channels have any, and the time.
const PENDING: usize = 0;
const SELECTOR: usize = 8;
/// See [`INFO`]: where the time is.
pub const TIME: usize = 32;
/// The bits of channels, and of those that are not to be told of.
const BITS: usize = 2048;
const MASKS: usize = 2560;
/// See [`INFO`]: where the time of day is.
pub const WALL: usize = 3072;

/// Operations.
const CLOSE: u32 = 3;
const SEND: u32 = 4;
const ALLOCATE: u32 = 6;
/// A domain that means ourselves.
const SELF: u16 = 0x7ff0;

/// A channel to somebody. Clones are the same channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    port: u32,
    interrupt: Interrupt,
}

/// Who waits for which channel.
struct Bound(RefCell<Vec<(u32, Interrupt)>>);
// SAFETY: there is one processor and no thread.
#[expect(unsafe_code, reason = "a static that is not shared")]
unsafe impl Sync for Bound {}
static BOUND: Bound = Bound(RefCell::new(Vec::new()));

/// The channel whose other end is told before the domain sleeps, or 0.
static LATER: AtomicU32 = AtomicU32::new(0);

impl Channel {
    /// The channel at this end: Xen's own to begin with. None where nothing can wait for it.
    pub fn bind(port: u32) -> Option<Self> {
        let mut bound = BOUND.0.borrow_mut();
        let interrupt = match bound.iter().find(|(there, _)| *there == port) {
            Some(&(_, interrupt)) => interrupt,
            None => {
                let interrupt = Interrupt::new()?;
                bound.push((port, interrupt));
                interrupt
            }
        };
        let channel = Self { port, interrupt };
        INFO.shared().clear64(MASKS + word(port) * 8, bit(port));
        Some(channel)
    }

    /// A new one that the domain `other` is to bind its end of; told of by the interrupt of one that is closed, if there
    /// is one.
    pub fn allocate(other: u16, again: Option<Interrupt>) -> Option<Self> {
        let (status, [answer, _]) = call::event(ALLOCATE, [u64::from(SELF) | u64::from(other) << 16, 0]);
        let (port, interrupt) = ((answer >> 32) as u32, again.or_else(Interrupt::new)?);
        if status != 0 {
            return None;
        }
        BOUND.0.borrow_mut().push((port, interrupt));
        INFO.shared().clear64(MASKS + word(port) * 8, bit(port));
        Some(Self { port, interrupt })
    }

    /// One that leads nowhere.
    #[cfg(test)]
    pub fn nowhere() -> Self {
        Self { port: 0, interrupt: Interrupt::new().expect("there are some left") }
    }

    /// Its number, which the other end is told.
    pub fn port(self) -> u32 {
        self.port
    }

    /// What waits for it.
    pub fn interrupt(self) -> Interrupt {
        self.interrupt
    }

    /// Tells the other end that there is something.
    pub fn notify(self) {
        tell(self.port);
    }

    /// The same, but not before the domain has nothing else to do, or is to tell again.
    ///
    /// To tell is to be left for whoever is told, where there are more domains than processors; and a domain that is come
    /// back to finds its caches and translations gone. So it does first what it would have come back for.
    pub fn notify_soon(self) {
        let before = LATER.swap(self.port, Ordering::Relaxed);
        if before == self.port {
            LATER.store(0, Ordering::Relaxed);
        }
        tell(before);
    }

    /// Ends it.
    pub fn close(self) {
        BOUND.0.borrow_mut().retain(|&(port, _)| port != self.port);
        call::event(CLOSE, [self.port.into(), 0]);
    }

    /// Ready once if the other end has told of something since the last time.
    pub fn poll(self, context: &mut Context<'_>) -> Poll<()> {
        self.interrupt.poll_raised(context)
    }
}

/// Tells the other end of a channel, unless it is 0, which is none.
fn tell(port: u32) {
    if port != 0 {
        call::event(SEND, [port.into(), 0]);
    }
}

/// Tells whom it was put off to tell.
pub fn flush() {
    tell(LATER.swap(0, Ordering::Relaxed));
}

fn word(port: u32) -> usize {
    (port / 64) as usize % 64
}

fn bit(port: u32) -> u64 {
    1 << (port % 64)
}

/// Takes what is pending, a bit for each interrupt of a channel from 32 on.
pub fn take() -> u64 {
    take_of(INFO.shared(), |port| {
        let bound = BOUND.0.borrow();
        bound.iter().find(|(there, _)| *there == port).map(|&(_, interrupt)| interrupt)
    })
}

fn take_of(info: Shared, bound: impl Fn(u32) -> Option<Interrupt>) -> u64 {
    info.store8(PENDING, 0);
    let mut words = info.swap64(SELECTOR, 0);
    let mut came = 0;
    while words != 0 {
        let word = words.trailing_zeros();
        words &= words - 1;
        // Those nobody waits for are taken as well: they would come again at once.
        let mut bits = info.swap64(BITS + word as usize * 8, 0);
        while bits != 0 {
            let port = word * 64 + bits.trailing_zeros();
            bits &= bits - 1;
            if let Some(interrupt) = bound(port) {
                came |= 1 << (interrupt.vector() - 32);
            }
        }
    }
    came
}

#[cfg(test)]
mod tests {
    extern crate std;

    use proptest::prelude::*;

    use super::*;

    /// There are 30, and they are never given back.
    static OF_ALL: std::sync::OnceLock<Interrupt> = std::sync::OnceLock::new();

    /// One is told before the domain sleeps, and at once if there is something for it again, or for another.
    #[test]
    fn what_is_put_off_is_told_once() {
        let interrupt = *OF_ALL.get_or_init(|| Interrupt::new().expect("one"));
        let [one, other] = [5, 6].map(|port| Channel { port, interrupt });
        let put_off = || LATER.load(Ordering::Relaxed);
        one.notify_soon();
        assert_eq!(put_off(), 5);
        one.notify_soon();
        assert_eq!(put_off(), 0);
        one.notify_soon();
        other.notify_soon();
        assert_eq!(put_off(), 6);
        flush();
        assert_eq!(put_off(), 0);
    }

    proptest! {
        /// Whatever is in the page, those are told who are bound, and it is taken once.
        #[test]
        fn only_who_is_bound_is_told(
            words: u64,
            bits in prop::collection::vec((0_usize..64, any::<u64>()), 0..20),
            ports in prop::collection::vec(0_u32..4096, 0..6),
        ) {
            let info = Shared::new().expect("a page");
            info.swap64(SELECTOR, words);
            bits.iter().for_each(|&(at, value)| _ = info.swap64(BITS + at * 8, value));
            let mut pending = [0_u64; 64];
            bits.iter().for_each(|&(at, value)| pending[at] = value);
            let is_pending =
                |port: u32| words & 1 << (port / 64) != 0 && pending[(port / 64) as usize] & 1 << (port % 64) != 0;
            let interrupt = *OF_ALL.get_or_init(|| Interrupt::new().expect("one"));
            let bound = |port| ports.contains(&port).then_some(interrupt);
            let expected = if ports.iter().any(|&port| is_pending(port)) { 1 << (interrupt.vector() - 32) } else { 0 };
            prop_assert_eq!(take_of(info, bound), expected);
            prop_assert_eq!(take_of(info, bound), 0);
        }
    }
}
