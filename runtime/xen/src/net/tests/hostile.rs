//! A whole interface over a back end that writes what it likes, where it can and when it likes: the unikernel goes on, and
//! nothing is written that lies beside the pages they share.

use core::task::{Context, Waker};

use mirage::Network as _;

use super::super::device::{Memory, Net};
use super::*;
use crate::event::Channel;

/// Bytes of a slot: for sending, and for receiving.
const SLOT: [usize; 2] = [12, 8];

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// The back end writes anything into a page that it may write: one of the two rings, or what frames are received into.
    Write { page: usize, offset: usize, bytes: Vec<u8> },
    /// It says on one of the rings that it has answered so many.
    Answers { ring: usize, count: u32 },
    /// It answers the next request of a ring by the rules, with so many bytes and these flags; but for one byte of the answer.
    Answer { ring: usize, length: u16, flags: u16, wrong: Option<(usize, u8)> },
    /// We look whether something has come, and take so many frames.
    Receive(usize),
    /// We send a frame of so many bytes, which may be cut.
    Send(usize, u16),
    /// We are done for now.
    Notify,
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = prop::collection::vec(any::<u8>(), 1..64);
    let wrong = prop::option::weighted(0.05, (0..8_usize, any::<u8>()));
    prop_oneof![
        1 => (0..2 + receive::PAGES, 0..LENGTH - 64, bytes).prop_map(|(page, offset, bytes)| Step::Write { page, offset, bytes }),
        // Where the indices are, and the first slots.
        1 => (0..2_usize, 0..128_usize, any::<[u8; 4]>())
            .prop_map(|(page, offset, bytes)| Step::Write { page, offset, bytes: bytes.to_vec() }),
        1 => (0..2_usize, prop_oneof![any::<u32>(), 0..300_u32]).prop_map(|(ring, count)| Step::Answers { ring, count }),
        20 => (0..2_usize, 0..5000_u16, prop_oneof![3 => Just(0), 1 => 0..16_u16], wrong)
            .prop_map(|(ring, length, flags, wrong)| Step::Answer { ring, length, flags, wrong }),
        10 => (1..8_usize).prop_map(Step::Receive),
        10 => (1..70_000_usize, prop_oneof![Just(0), 500..1500_u16]).prop_map(|(length, segment)| Step::Send(length, segment)),
        10 => Just(Step::Notify),
    ]
}

/// All memory of an interface, and a page on either side of it.
struct Place {
    memory: Memory,
    beside: [Shared; 2],
}

impl Place {
    fn new() -> Self {
        let count = 2 + transmit::PAGES + receive::PAGES;
        let pages: Vec<Shared> = Shared::several(count + 2).expect("pages").collect();
        let [first, send, take, rest @ .., last] = pages.as_slice() else { panic!("{}", pages.len()) };
        let (to_read, to_write) = rest.split_at(transmit::PAGES);
        let memory = Memory { rings: [*send, *take], transmit: to_read.to_vec(), receive: to_write.to_vec() };
        Self { memory, beside: [*first, *last] }
    }

    /// What the back end does.
    fn act(&self, step: &Step) {
        let Memory { rings, receive, .. } = &self.memory;
        match *step {
            Step::Write { page, offset, ref bytes } => {
                rings.iter().chain(receive).nth(page).expect("one of them").write(offset, bytes);
            }
            Step::Answers { ring, count } => rings[ring].store32(RESPONSES, count),
            Step::Answer { ring, length, flags, wrong } => {
                let number = rings[ring].load32(RESPONSES);
                let place = BEGIN + (number % SLOTS) as usize * SLOT[ring];
                let mut request = [0; 12];
                rings[ring].read(place, &mut request[..SLOT[ring]]);
                let ([low, high], [more, _]) = (length.to_le_bytes(), flags.to_le_bytes());
                let mut answer = match ring {
                    0 => [request[8], request[9], 0, 0, 0, 0, 0, 0],
                    _ => [request[0], request[1], 0, 0, more, 0, low, high],
                };
                if let Some((at, byte)) = wrong {
                    answer[at] = byte;
                }
                rings[ring].write(place, &answer);
                rings[ring].store32(RESPONSES, number.wrapping_add(1));
            }
            Step::Receive(_) | Step::Send(..) | Step::Notify => {}
        }
    }
}

pub fn an_interface_outlives_what_is_done_to_it() {
    let (place, channel) = (Place::new(), Channel::nowhere());
    place.beside.iter().for_each(|page| page.write(0, &[0xa5; LENGTH]));
    let frame = vec![1; 70_000];
    TestRunner::default()
        .run(&prop::collection::vec(step(), 0..300), |steps| {
            let mut net = Net::over(place.memory.clone(), channel);
            for step in steps {
                place.act(&step);
                let was_up = net.is_up();
                match step {
                    Step::Receive(most) => {
                        _ = net.poll_ready(&mut Context::from_waker(Waker::noop()));
                        let mut longest = 0;
                        let Ok(count) = net.receive(most, &mut |frame, _| longest = frame.len().max(longest));
                        prop_assert!(count <= most && longest <= super::super::FRAME_MOST);
                        prop_assert!(was_up || count == 0, "one that is given up stays so");
                    }
                    Step::Send(length, segment) => {
                        let offload = Offload { checksum: Some(Checksum { start: 34, offset: 16 }), segment };
                        let Ok(taken) = net.send(&[&frame[..length.min(14)], &frame[length.min(14)..length]], offload);
                        prop_assert!(was_up || taken, "what cannot go is lost, and nobody waits for it");
                    }
                    Step::Notify => net.notify().expect("it cannot fail"),
                    Step::Write { .. } | Step::Answers { .. } | Step::Answer { .. } => {}
                }
                prop_assert!(was_up || !net.is_up());
            }
            // All is granted anew for the next one: none is lost, or there would soon be no more.
            net.end();
            for page in place.beside {
                let mut bytes = [0; LENGTH];
                page.read(0, &mut bytes);
                prop_assert!(bytes == [0xa5; LENGTH]);
            }
            Ok(())
        })
        .expect("no back end is too odd");
}
