//! The console: two rings in a page, 1,024 bytes in and 2,048 out (xen/include/public/io/console.h).

use core::cell::Cell;
use core::task::{Context, Poll};

use mirage_pvh::Host as _;

use crate::event::Channel;
use crate::machine::Xen;
use crate::page::{Shared, fence};

/// Where the rings are, how long they are, and where in them each side is.
const INPUT: usize = 0;
const INPUT_LENGTH: u32 = 1024;
const OUTPUT: usize = 1024;
const OUTPUT_LENGTH: u32 = 2048;
const INPUT_READ: usize = 3072;
const INPUT_WRITTEN: usize = 3076;
const OUTPUT_READ: usize = 3080;
const OUTPUT_WRITTEN: usize = 3084;

/// How often it is looked for room before what is written is given up: nobody reads.
const PATIENCE: usize = if cfg!(test) { 1000 } else { 100_000_000 };

/// The console's ring.
#[derive(Clone, Copy)]
pub struct Ring {
    page: Shared,
    channel: Option<Channel>,
}

/// The console of this domain, once there is one.
struct There(Cell<Option<Ring>>);
// SAFETY: there is one processor and no thread.
#[expect(unsafe_code, reason = "a static that is not shared")]
unsafe impl Sync for There {}
static THERE: There = There(Cell::new(None));

/// From here on everything that is said goes there.
pub fn begin() {
    let (frame, port) = Xen::get().rings().console;
    let Some(page) = Shared::map(frame).filter(|_| frame != 0) else { return };
    THERE.0.set(Some(Ring { page, channel: Channel::bind(port) }));
    mirage_pvh::say_by(write);
}

/// Writes all of it, waiting for room.
pub fn write(bytes: &[u8]) {
    if let Some(ring) = THERE.0.get() {
        ring.write(bytes);
    }
}

/// Reads what has been typed: at least one byte.
pub fn poll_read(context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<usize> {
    let Some(ring) = THERE.0.get() else { return Poll::Pending };
    loop {
        let count = ring.read(buffer);
        if count > 0 {
            return Poll::Ready(count);
        }
        if ring.channel.is_none_or(|channel| channel.poll(context).is_pending()) {
            return Poll::Pending;
        }
    }
}

impl Ring {
    /// A console in a page of our own, with nobody at the other end.
    #[cfg(test)]
    fn alone(page: Shared) -> Self {
        Self { page, channel: None }
    }

    fn notify(self) {
        if let Some(channel) = self.channel {
            channel.notify();
        }
    }

    fn write(self, mut bytes: &[u8]) {
        let mut patience = PATIENCE;
        while !bytes.is_empty() {
            let written = self.page.load32(OUTPUT_WRITTEN);
            let used = written.wrapping_sub(self.page.load32(OUTPUT_READ));
            // More than there is room for: the other end has lost count, and what it has not read is gone.
            let room = OUTPUT_LENGTH.checked_sub(used).unwrap_or(OUTPUT_LENGTH);
            if room == 0 {
                patience -= 1;
                if patience == 0 {
                    return;
                }
                core::hint::spin_loop();
                continue;
            }
            let at = written % OUTPUT_LENGTH;
            let count = room.min(OUTPUT_LENGTH - at).min(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            let (now, rest) = bytes.split_at_checked(count as usize).unwrap_or((bytes, &[]));
            self.page.write(OUTPUT + at as usize, now);
            self.page.store32(OUTPUT_WRITTEN, written.wrapping_add(count));
            bytes = rest;
            if bytes.is_empty() || room == count {
                self.notify();
            }
        }
    }

    fn read(self, buffer: &mut [u8]) -> usize {
        let mut count = 0;
        while count < buffer.len() {
            let read = self.page.load32(INPUT_READ);
            let waiting = self.page.load32(INPUT_WRITTEN).wrapping_sub(read);
            if waiting > INPUT_LENGTH {
                // The other end has lost count: begin where it is.
                self.page.store32(INPUT_READ, self.page.load32(INPUT_WRITTEN));
                break;
            }
            let at = read % INPUT_LENGTH;
            let part = waiting.min(INPUT_LENGTH - at) as usize;
            let Some(into) = buffer.get_mut(count..).map(|rest| {
                let part = part.min(rest.len());
                rest.split_at_mut(part).0
            }) else {
                break;
            };
            if into.is_empty() {
                break;
            }
            self.page.read(INPUT + at as usize, into);
            fence();
            self.page.store32(INPUT_READ, read.wrapping_add(into.len() as u32));
            count += into.len();
        }
        if count > 0 {
            self.notify();
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn ring() -> Ring {
        Ring::alone(Shared::new().expect("a page"))
    }

    #[test]
    fn bytes_go_round_the_ring() {
        let ring = ring();
        let mut seen: Vec<u8> = vec![];
        let all: Vec<u8> = (0..10_000_u32).map(|number| number as u8).collect();
        for part in all.chunks(700) {
            ring.write(part);
            // The other end.
            let (read, written) = (ring.page.load32(OUTPUT_READ), ring.page.load32(OUTPUT_WRITTEN));
            for at in read..written {
                let mut byte = [0];
                ring.page.read(OUTPUT + (at % OUTPUT_LENGTH) as usize, &mut byte);
                seen.push(byte[0]);
            }
            ring.page.store32(OUTPUT_READ, written);
        }
        assert_eq!(seen, all);
    }

    proptest! {
        /// Whatever the other end writes into the page, at any time: of its ring no more is read than there is, and nothing but
        /// the ring of our own and our own indices is written.
        #[test]
        fn no_index_is_too_odd(
            indices: [u32; 4],
            near in prop::option::of(0_u32..2100),
            bytes in prop::collection::vec(any::<u8>(), INPUT_LENGTH as usize),
            length in 0_usize..3000,
        ) {
            let ring = ring();
            ring.page.write(INPUT, &bytes);
            let [read, written, out_read, mut out_written] = indices;
            if let Some(near) = near {
                out_written = out_read.wrapping_add(near); // full, or nearly so, or a little more than that
            }
            let all = [(INPUT_READ, read), (INPUT_WRITTEN, written), (OUTPUT_READ, out_read), (OUTPUT_WRITTEN, out_written)];
            all.iter().for_each(|&(at, value)| ring.page.store32(at, value));
            let rest = |page: Shared| {
                let (mut input, mut end) = ([0; INPUT_LENGTH as usize], [0; 4096 - OUTPUT_WRITTEN - 4]);
                page.read(INPUT, &mut input);
                page.read(OUTPUT_WRITTEN + 4, &mut end);
                (input, page.load32(INPUT_WRITTEN), page.load32(OUTPUT_READ), end)
            };
            let before = rest(ring.page);

            let mut buffer = vec![0; length];
            let count = ring.read(&mut buffer);
            let there = written.wrapping_sub(read);
            let there = if there > INPUT_LENGTH { 0 } else { there as usize };
            prop_assert_eq!(count, there.min(length));
            let expected: Vec<u8> = (0..count).map(|at| bytes[(read as usize + at) % INPUT_LENGTH as usize]).collect();
            prop_assert_eq!(&buffer[..count], &expected[..]);
            prop_assert!(buffer[count..].iter().all(|&byte| byte == 0));
            prop_assert_eq!(ring.page.load32(OUTPUT_WRITTEN), out_written);

            ring.write(&vec![7; length]);
            let room = OUTPUT_LENGTH.saturating_sub(out_written.wrapping_sub(out_read));
            let room = if out_written.wrapping_sub(out_read) > OUTPUT_LENGTH { None } else { Some(room as usize) };
            let went = ring.page.load32(OUTPUT_WRITTEN).wrapping_sub(out_written) as usize;
            // To one that has lost count all of it goes as if it had read everything, over and over.
            prop_assert!(room.is_none_or(|room| went == room.min(length)), "{} of {:?}", went, room);
            prop_assert_eq!(rest(ring.page), before);
        }
    }
}
