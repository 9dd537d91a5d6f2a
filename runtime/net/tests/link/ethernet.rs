//! Ethernet (IEEE 802.3).

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use mirage::time::Instant;
use mirage::{Clock as _, Ethernet as _, EthernetFrame, Frames, MacAddress, Offload, Refused};
use mirage_test::World;

use crate::bench::Bench;

/// For experiments (IEEE 802.3, local experimental EtherType 1).
const ETHERTYPE: u16 = 0x88b5;

/// What needs no padding.
const PAYLOAD: &[u8] = &[7; 46];

#[derive(Default)]
struct Seen {
    frames: RefCell<Vec<(MacAddress, Vec<u8>)>>,
    polls: RefCell<Vec<Instant>>,
    next: Cell<Option<Instant>>,
}

impl Frames for Seen {
    fn input(&self, frame: EthernetFrame<'_>) {
        self.frames.borrow_mut().push((frame.destination, frame.payload.to_vec()));
    }

    fn poll(&self, now: Instant) -> Option<Instant> {
        self.polls.borrow_mut().push(now);
        self.next.get().filter(|&next| next > now)
    }
}

#[mirage::test]
async fn frames_for_this_interface_and_for_groups_come_in(world: World) {
    let mut bench = Bench::bare(world).await;
    let seen = Rc::new(Seen::default());
    bench.ethernet.attach(ETHERTYPE, seen.clone());
    let (mac, group) = (bench.mac, MacAddress([1, 0, 0x5e, 0, 0, 1]));
    for to in [mac, MacAddress::BROADCAST, group, MacAddress([2, 9, 9, 9, 9, 9])] {
        bench.put(to, ETHERTYPE, PAYLOAD);
    }
    // Tagged for a VLAN (IEEE 802.1Q, 802.1ad), and of a type that nobody wants.
    for ethertype in [0x8100, 0x88a8, 0x88b6] {
        bench.put(mac, ethertype, b"\0\x01\x88\xb5hello");
    }
    bench.after(Duration::from_millis(1)).await;
    let frames = seen.frames.take();
    assert_eq!(frames, [mac, MacAddress::BROADCAST, group].map(|to| (to, PAYLOAD.to_vec())));
}

#[mirage::test]
async fn what_is_sent_has_a_header_and_fits(world: World) {
    let mut bench = Bench::bare(world).await;
    let to = bench_mac(&bench);
    assert_eq!(bench.ethernet.send(to, ETHERTYPE, &[&PAYLOAD[..6], &PAYLOAD[6..]], Offload::default()), Ok(()));
    let frames = bench.after(Duration::from_millis(1)).await;
    assert_eq!(frames, [[&to.0[..], &bench.mac.0, &[0x88, 0xb5], PAYLOAD].concat()]);
    let large = vec![0; bench.ethernet.mtu() + 1];
    assert_eq!(bench.ethernet.send(to, ETHERTYPE, &[&large], Offload::default()), Err(Refused::TooLarge));
    assert_eq!(bench.ethernet.send(to, ETHERTYPE, &[b"x" as &[u8]; 100], Offload::default()), Err(Refused::TooLarge));
}

#[mirage::test]
async fn a_full_interface_refuses_and_its_room_starts_a_round(world: World) {
    let mut bench = Bench::bare(world).await;
    bench.after(Duration::from_millis(1)).await;
    let (seen, to) = (Rc::new(Seen::default()), bench_mac(&bench));
    bench.ethernet.attach(ETHERTYPE, seen.clone());
    bench.after(Duration::from_millis(1)).await;
    let sent =
        (0..10_000).take_while(|_| bench.ethernet.send(to, ETHERTYPE, &[b"x"], Offload::default()).is_ok()).count();
    assert!((1..10_000).contains(&sent), "{sent}");
    seen.polls.take();
    assert_eq!(bench.after(Duration::from_millis(1)).await.len(), sent);
    assert!(!seen.polls.take().is_empty(), "who was refused is polled when there is room");
    assert_eq!(bench.ethernet.send(to, ETHERTYPE, &[b"x"], Offload::default()), Ok(()));
}

#[mirage::test]
async fn protocols_are_polled_when_they_asked_for_it_and_not_in_between(world: World) {
    let mut bench = Bench::bare(world).await;
    let seen = Rc::new(Seen::default());
    let at = |seconds| Instant::START + Duration::from_secs(seconds);
    bench.ethernet.attach(ETHERTYPE, seen.clone());
    for next in [at(5), at(3), at(9)] {
        seen.next.set(Some(next));
        bench.ethernet.wake();
        bench.after(Duration::from_millis(1)).await;
    }
    seen.polls.take();
    bench.after(at(20).since(bench.world.clock().now())).await;
    let polls = seen.polls.take();
    assert!(polls.contains(&at(9)) && polls.len() <= 3, "{polls:?}");
}

fn bench_mac(bench: &Bench) -> MacAddress {
    mirage::Network::mac(&bench.port)
}
