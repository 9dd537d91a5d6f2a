//! Both rings against a back end: one that keeps the rules, and one that writes what it likes.
//!
//! One test, for the grant table is one for the whole program.

use alloc::vec;
use alloc::vec::Vec;

use mirage::{Checksum, Offload, Received};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

mod hostile;

use super::device::front;
use super::receive::{self, Receive};
use super::ring::{Broken, SLOTS};
use super::transmit::{self, Transmit};
use crate::page::{LENGTH, Shared};

/// Where the two sides of a ring are, and where its slots begin.
const REQUESTS: usize = 0;
const RESPONSES: usize = 8;
const BEGIN: usize = 64;

struct Rings {
    transmit: Transmit,
    receive: Receive,
    /// As the back end sees them.
    rings: [Shared; 2],
    to_write: Vec<Shared>,
}

/// Memory for all of it, which is never freed: so it is had once.
struct Memory {
    rings: [Shared; 2],
    to_read: Vec<Shared>,
    to_write: Vec<Shared>,
}

fn memory() -> Memory {
    let rings = [(); 2].map(|()| Shared::new().expect("a page"));
    let several = |count| Shared::several(count).expect("pages").collect();
    Memory { rings, to_read: several(transmit::PAGES), to_write: several(receive::PAGES) }
}

fn rings(memory: &Memory) -> Rings {
    let Memory { rings, to_read, to_write } = memory;
    let (rings, to_write) = (*rings, to_write.clone());
    let transmit = Transmit::new(rings[0], 1, to_read, true).expect("grants");
    let mut receive = Receive::new(rings[1], 1, &to_write).expect("grants");
    receive.show();
    Rings { transmit, receive, rings, to_write }
}

impl Rings {
    fn end(self) {
        self.transmit.end();
        self.receive.end();
    }

    fn received(&mut self) -> Result<Vec<(Vec<u8>, Received)>, super::Broken> {
        let mut frames = vec![];
        self.receive.receive(usize::MAX, &mut |frame, received| frames.push((frame.to_vec(), received)))?;
        self.receive.show();
        Ok(frames)
    }

    /// The back end hands over a response for the next request, as it is.
    fn respond(&self, response: [u8; 8]) {
        let number = self.rings[1].load32(RESPONSES);
        self.rings[1].write(BEGIN + (number % SLOTS) as usize * 8, &response);
        self.rings[1].store32(RESPONSES, number.wrapping_add(1));
    }

    /// The same for one that keeps the rules: with this length and these flags, and what it wrote.
    fn write(&self, bytes: &[u8], flags: u16) {
        let number = self.rings[1].load32(RESPONSES);
        let mut request = [0; 8];
        self.rings[1].read(BEGIN + (number % SLOTS) as usize * 8, &mut request);
        // In these tests pages are granted in their order, behind those that are read.
        let page = self.page_of(u32::from_le_bytes([request[4], request[5], request[6], request[7]]));
        page.write(0, bytes);
        let [length, flags] = [(bytes.len() as u16).to_le_bytes(), flags.to_le_bytes()];
        self.respond([request[0], request[1], 0, 0, flags[0], flags[1], length[0], length[1]]);
    }

    fn page_of(&self, reference: u32) -> Shared {
        let table = crate::grant::TABLE[(reference / 512) as usize].shared();
        let frame = table.load32((reference % 512) as usize * 8 + 4);
        *self.to_write.iter().find(|page| page.frame() as u32 == frame).expect("a page that was granted")
    }
}

fn frames_come_as_they_were_sent(memory: &Memory) {
    let mut rings = rings(memory);
    for round in 0..1000_u32 {
        rings.write(&[round as u8; 60], 0);
        // One of three pieces whose checksum is yet to be filled in, put together from segments of 1,000 bytes.
        rings.write(&[1; LENGTH], 2 | 4 | 8);
        rings.respond([1, 0, 232, 3, 1, 0, 0, 0]);
        rings.write(&[2; LENGTH], 4);
        rings.write(&[3; 10], 0);
        let frames = rings.received().expect("it keeps the rules");
        let [(small, plain), (large, joined)] = frames.as_slice() else { panic!("{}", frames.len()) };
        assert_eq!((small.as_slice(), *plain), (&[round as u8; 60][..], Received::default()));
        assert_eq!(*joined, Received { checksum: true, segment: 1000 });
        assert_eq!(large.len(), 2 * LENGTH + 10);
        assert!(large[..LENGTH].iter().all(|&byte| byte == 1) && large[2 * LENGTH..] == [3; 10]);
    }
    rings.end();
}

fn what_is_sent_is_what_the_back_end_reads(memory: &Memory) {
    let mut rings = rings(memory);
    let [ring, _] = rings.rings;
    let mut read = 0_u32;
    for round in 0..500_u32 {
        let body = vec![round as u8; 5000];
        let offload = Offload { checksum: Some(Checksum { start: 34, offset: 16 }), segment: 1448 };
        assert_eq!(rings.transmit.send(&[&[9; 14], &body], offload), Ok(true));
        rings.transmit.show();
        // The frame's first slot, what is about it, and its second one.
        assert_eq!(ring.load32(REQUESTS).wrapping_sub(read), 3);
        let slot = |number: u32| {
            let mut request = [0; 12];
            ring.read(BEGIN + (number % SLOTS) as usize * 12, &mut request);
            request
        };
        let (first, extra, second) = (slot(read), slot(read + 1), slot(read + 2));
        assert_eq!([first[6], first[7]], [1 | 2 | 4 | 8, 0]);
        assert_eq!(u16::from_le_bytes([first[10], first[11]]), 5014, "how long all of it is");
        assert_eq!(extra[..5], [1, 0, 168, 5, 1], "1,448 bytes, over IPv4");
        assert_eq!(u16::from_le_bytes([second[10], second[11]]), 5014 - LENGTH as u16);
        // It answers to the frame's two, and that the other was none.
        let answers = [[first[8], first[9], 0, 0], [0, 0, 1, 0], [second[8], second[9], 0, 0]];
        for answer in answers {
            ring.write(BEGIN + (read % SLOTS) as usize * 12, &answer);
            read += 1;
        }
        ring.store32(RESPONSES, read);
    }
    assert_eq!(rings.transmit.reclaim(), Ok(()));
    rings.end();
}

fn a_full_ring_takes_no_more_and_tells_when_it_does(memory: &Memory) {
    let mut rings = rings(memory);
    let mut sent = 0;
    while rings.transmit.send(&[&[0; 60]], Offload::default()) == Ok(true) {
        sent += 1;
        rings.transmit.show();
    }
    assert_eq!(sent, 64, "as many as there are pages");
    assert_eq!(rings.transmit.is_worth_trying(), Ok(false));
    let [ring, _] = rings.rings;
    for number in 0..40_u32 {
        let mut request = [0; 12];
        ring.read(BEGIN + number as usize * 12, &mut request);
        ring.write(BEGIN + number as usize * 12, &[request[8], request[9], 0, 0]);
    }
    ring.store32(RESPONSES, 40);
    assert_eq!(rings.transmit.is_worth_trying(), Ok(true));
    rings.end();
}

fn what_a_back_end_may_not_do_is_named(memory: &Memory) {
    // Its answer to the first request for a frame: number, offset, flags, length.
    for (answer, broken) in [
        ([1, 0, 0, 0], Broken::NotAsked(1)),
        ([0, 4096, 0, 1], Broken::Length { offset: 4096, length: 1 }),
        ([0, 4000, 0, 97], Broken::Length { offset: 4000, length: 97 }),
        ([0, 0, 0, 0], Broken::Length { offset: 0, length: 0 }),
        ([0, 0, 0, 0xffff], Broken::Length { offset: 0, length: -1 }),
    ] {
        let mut rings = rings(memory);
        let [[a, b], [c, d], [e, f], [g, h]] = answer.map(u16::to_le_bytes);
        rings.respond([a, b, c, d, e, f, g, h]);
        assert_eq!(rings.received(), Err(broken));
        rings.end();
    }
    let mut endless = rings(memory);
    for _ in 0..25 {
        endless.write(&[0], 4);
    }
    assert_eq!(endless.received(), Err(Broken::Pieces));
    endless.end();

    // Its answers to two frames that are sent: numbers of pages.
    let [first, second] = [0, 1];
    for (answers, broken) in [
        (vec![64], Broken::NotAsked(64)),
        (vec![2], Broken::NotAsked(2)),
        (vec![first, first], Broken::NotAsked(first)),
        (vec![first, second, second], Broken::Jump { answers: 3, asked: 2 }),
    ] {
        let mut rings = rings(memory);
        (0..2).for_each(|_| assert_eq!(rings.transmit.send(&[&[0; 60]], Offload::default()), Ok(true)));
        rings.transmit.show();
        for (slot, answer) in answers.iter().enumerate() {
            let [low, high] = answer.to_le_bytes();
            rings.rings[0].write(BEGIN + slot * 12, &[low, high, 0, 0]);
        }
        rings.rings[0].store32(RESPONSES, answers.len() as u32);
        assert_eq!(rings.transmit.reclaim(), Err(broken));
        rings.end();
    }
    let mut rings = rings(memory);
    rings.rings[1].store32(RESPONSES, receive::PAGES as u32 + 1);
    assert_eq!(rings.received(), Err(Broken::Jump { answers: 129, asked: 128 }));
    rings.end();
}

/// Whatever a back end writes into its pages, what comes of it is frames of at most 64 KiB, or an error.
fn no_back_end_is_too_odd(memory: &Memory) {
    let responses = prop::collection::vec((any::<bool>(), any::<[u8; 8]>(), 0_u16..5000, 0_u16..16), 0..200);
    let jumps = prop::collection::vec(any::<u32>(), 0..3);
    TestRunner::default()
        .run(&(responses, jumps), |(responses, jumps)| {
            let mut rings = rings(memory);
            let mut is_broken = false;
            for (random, bytes, length, flags) in responses {
                if random {
                    rings.respond(bytes);
                } else {
                    rings.write(&vec![5; usize::from(length.min(LENGTH as u16))], flags);
                }
                match rings.received() {
                    Ok(frames) => prop_assert!(frames.iter().all(|(frame, _)| frame.len() <= super::FRAME_MOST)),
                    Err(_) => {
                        is_broken = true;
                        break;
                    }
                }
            }
            _ = rings.transmit.send(&[&[1; 100]], Offload::default());
            rings.transmit.show();
            for jump in jumps {
                rings.rings[0].store32(RESPONSES, jump);
                is_broken |= rings.transmit.reclaim().is_err();
                rings.rings[1].store32(RESPONSES, jump);
                is_broken |= rings.received().is_err();
            }
            let _ = is_broken; // both ends are lawful: what counts is that nothing else comes of it
            rings.end();
            Ok(())
        })
        .expect("no input is too odd");
}

#[test]
fn both_rings_against_a_back_end() {
    let memory = &memory();
    frames_come_as_they_were_sent(memory);
    what_is_sent_is_what_the_back_end_reads(memory);
    a_full_ring_takes_no_more_and_tells_when_it_does(memory);
    what_a_back_end_may_not_do_is_named(memory);
    no_back_end_is_too_odd(memory);
    hostile::an_interface_outlives_what_is_done_to_it();
}

#[test]
fn interfaces_are_in_the_order_of_their_numbers() {
    let names = || ["10", "x", "2", "0"].map(alloc::string::String::from).to_vec();
    for (number, vif) in [(0, "0"), (1, "2"), (2, "10")] {
        assert_eq!(front(names(), number), Ok(alloc::format!("device/vif/{vif}")));
    }
    assert!(
        front(names(), 3).expect_err("there is none").starts_with("the domain has 3 network interfaces and no more")
    );
    assert!(front(vec![], 0).expect_err("there is none").starts_with("the domain has no network interface"));
}
