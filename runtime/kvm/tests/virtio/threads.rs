//! A queue whose device runs at the same time, on a processor of its own: each side sleeps when the other has nothing for
//! it, and neither sleeps for good.

use std::alloc::{Layout as Shape, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering, fence};
use std::thread::{self, Thread};
use std::time::Duration;

use mirage_kvm::virtio::Memory;
use mirage_kvm::virtio::queue::{Layout, Queue, Span};

use crate::fake::Fake;

/// How many buffers go round.
const BUFFERS: u16 = 50_000;

/// Longer than anything here takes, on however busy a machine.
const FOR_GOOD: Duration = Duration::from_secs(60);

/// What a side that is told to go on waits for; nobody may wait for good.
fn wait(who: &str, count: u16) {
    let before = std::time::Instant::now();
    thread::park_timeout(FOR_GOOD);
    assert!(before.elapsed() < FOR_GOOD, "the {who} sleeps for good after {count} buffers");
}

/// The device's view of a queue, in words that both sides use at once.
struct Shared(usize);

impl Shared {
    fn word(&self, offset: usize) -> &AtomicU16 {
        // SAFETY: it is in the queue's memory, aligned, there as long as both threads are, and only used atomically.
        unsafe { AtomicU16::from_ptr((self.0 + offset) as *mut u16) }
    }

    fn long(&self, offset: usize) -> &AtomicU32 {
        // SAFETY: as above.
        unsafe { AtomicU32::from_ptr((self.0 + offset) as *mut u32) }
    }
}

/// Uses every buffer it is given, as sections 2.7.7 and 2.7.10 have it.
fn device(shared: &Shared, layout: Layout, events: bool, driver: &Thread) {
    let (size, mut count) = (usize::from(layout.size), 0_u16);
    let event = layout.used + 4 + 8 * size;
    while count != BUFFERS {
        if shared.word(layout.available + 2).load(Ordering::Acquire) == count {
            if events {
                shared.word(event).store(count, Ordering::Relaxed);
            } else {
                shared.word(layout.used).store(0, Ordering::Relaxed);
            }
            fence(Ordering::SeqCst);
            if shared.word(layout.available + 2).load(Ordering::Acquire) == count {
                wait("device", count);
            }
            continue;
        }
        if !events {
            shared.word(layout.used).store(1, Ordering::Relaxed);
        }
        let entry = usize::from(count) % size;
        let head = shared.word(layout.available + 4 + 2 * entry).load(Ordering::Relaxed);
        let length = shared.long(16 * usize::from(head) + 8).load(Ordering::Relaxed);
        let used = layout.used + 4 + 8 * entry;
        shared.long(used).store(head.into(), Ordering::Relaxed);
        shared.long(used + 4).store(length, Ordering::Relaxed);
        count = count.wrapping_add(1);
        shared.word(layout.used + 2).store(count, Ordering::Release);
        fence(Ordering::SeqCst);
        let is_wanted = if events {
            shared.word(layout.available + 4 + 2 * size).load(Ordering::Relaxed) == count.wrapping_sub(1)
        } else {
            shared.word(layout.available).load(Ordering::Relaxed) == 0
        };
        if is_wanted {
            driver.unpark();
        }
    }
}

fn exchange(size: u16, events: bool) {
    let layout = Layout::new(size, size, 0).expect("a queue");
    let shape = Shape::from_size_align(layout.length.next_multiple_of(16), 16).expect("a shape");
    // SAFETY: its size is not 0.
    let start = NonNull::new(unsafe { alloc_zeroed(shape) }).expect("memory");
    // SAFETY: it is the queue's and the device's, which uses it atomically; it is freed when both have ended.
    let memory = unsafe { Memory::new(start, shape.size(), 0x1000) };
    let mut queue = Queue::new("both ways", 0, layout, memory, events).expect("memory");
    let (shared, driver) = (Shared(start.as_ptr().expose_provenance()), thread::current());
    thread::scope(|scope| {
        let device = scope.spawn(move || device(&shared, layout, events, &driver));
        let (mut given, mut taken) = (0_u16, 0_u16);
        while taken != BUFFERS {
            let span = Span { address: 0x10_0000, length: u32::from(given) + 1 };
            while given != BUFFERS && queue.give(&[], &[Span { length: u32::from(given) + 1, ..span }], given) {
                given += 1;
                // Mostly many at once, and now and then each by itself.
                if given.is_multiple_of(7) && queue.flush() {
                    device.thread().unpark();
                }
            }
            if queue.flush() {
                device.thread().unpark();
            }
            let before = taken;
            while let Some(used) = queue.take().expect("a device that keeps to the rules") {
                assert_eq!((used.tag, used.written), (taken, u32::from(taken) + 1), "each once, in order");
                taken += 1;
            }
            if before == taken && !queue.listen(0) {
                wait("driver", taken);
            }
            queue.ignore();
        }
    });
    drop(queue);
    // SAFETY: it was allocated so, and nobody has it any more.
    unsafe { dealloc(start.as_ptr(), shape) };
}

#[test]
fn nobody_sleeps_for_good() {
    for size in [1, 4, 256] {
        for events in [true, false] {
            exchange(size, events);
        }
    }
}

/// Whoever asks to be told of what is already there is told so at once.
#[test]
fn what_was_used_before_it_was_waited_for_is_seen() {
    for events in [true, false] {
        let layout = Layout::new(4, 4, 0).expect("a queue");
        let machine = Fake::new();
        let memory = machine.ram().share(layout.pages());
        let used = memory.address() + layout.used as u64;
        let mut queue = Queue::new("both ways", 0, layout, memory, events).expect("memory");
        let span = Span { address: 0x10_0000, length: 1 };
        (0..3).for_each(|tag| assert!(queue.give(&[span], &[], tag)));
        assert!(!queue.listen(0) && !queue.listen(1));
        machine.ram().write(used + 2, &[1, 0]);
        assert!(queue.listen(0) && !queue.listen(1) && queue.is_ready());
        machine.ram().write(used + 2, &[2, 0]);
        assert!(queue.listen(0) && queue.listen(1) && !queue.listen(2));
    }
}
