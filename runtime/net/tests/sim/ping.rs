//! ICMP echo (RFC 792), whole and in fragments.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use mirage::time::Instant;
use mirage::{Clock as _, Header, Ip, Offload, Packet, Packets, Time as _};
use mirage_net::ipv4::{Configure as _, Interface};
use mirage_test::World;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{Icmpv4Packet, Icmpv4Repr};

use crate::exchange::pattern;
use crate::peer::Peer;
use crate::{HERE, THERE};

const ICMP: u8 = 1;

/// The answers that came: from whom, and what.
#[derive(Default)]
struct Answers(RefCell<Vec<(IpAddr, u16, Vec<u8>)>>);

impl Packets for Answers {
    fn input(&self, packet: Packet<'_>) {
        let parsed = Icmpv4Packet::new_checked(&*packet.payload).expect("a packet that is none");
        let parsed = Icmpv4Repr::parse(&parsed, &ChecksumCapabilities::default());
        if let Ok(Icmpv4Repr::EchoReply { seq_no, data, .. }) = parsed {
            self.0.borrow_mut().push((packet.source, seq_no, data.to_vec()));
        }
    }

    fn poll(&self, _: Instant) -> Option<Instant> {
        None
    }
}

fn interface(address: [u8; 4]) -> Interface {
    Interface::new(address, 24)
}

/// Sends `count` echo requests of `length` bytes, 100 ms apart; returns how many were answered, and how long the first
/// answer took.
pub async fn ping(world: &World, ip: impl Ip, to: [u8; 4], length: usize, count: u16) -> (usize, Option<Duration>) {
    let (answers, sent) = (Rc::new(Answers::default()), pattern(length));
    ip.attach(ICMP, answers.clone());
    let route = ip.route(to.into()).expect("no route");
    let (begin, mut first) = (world.clock().now(), None);
    for seq_no in 0..count {
        let request = Icmpv4Repr::EchoRequest { ident: 7, seq_no, data: &sent };
        let mut bytes = vec![0; request.buffer_len()];
        request.emit(&mut Icmpv4Packet::new_unchecked(&mut bytes), &ChecksumCapabilities::default());
        let header = Header { source: route.source, destination: to.into(), protocol: ICMP, whole: false };
        ip.send(header, &[&bytes], Offload::default()).expect("a request is refused");
        for _ in 0..1000 {
            world.time().sleep(Duration::from_micros(100)).await;
            if first.is_none() && !answers.0.borrow().is_empty() {
                first = Some(world.clock().now().since(begin));
            }
        }
    }
    world.time().sleep(Duration::from_secs(5)).await;
    let answers = answers.0.borrow();
    assert!(answers.iter().all(|(from, _, data)| *from == IpAddr::from(to) && *data == sent));
    let mut numbers: Vec<u16> = answers.iter().map(|&(_, number, _)| number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    (numbers.len(), first)
}

#[mirage::test]
async fn two_hosts_answer_each_other(world: World) {
    let wire = world.wire();
    let [here, there] = [world.layers(wire.port()).await, world.layers(wire.port()).await];
    here.ipv4.configure(Some(interface(HERE)));
    there.ipv4.configure(Some(interface(THERE)));
    let [there, here] = [ping(&world, here.ipv4, THERE, 56, 10).await, ping(&world, there.ipv4, HERE, 56, 10).await];
    // The first waits for ARP, once there and back: nobody was on the wire when addresses were announced.
    assert_eq!((there.0, here.0), (10, 10));
    assert!(
        there.1 <= Some(Duration::from_micros(500)) && here.1 <= Some(Duration::from_micros(300)),
        "{there:?} {here:?}"
    );
}

/// RFC 791, section 3.2; RFC 1122, section 3.2.2.6: echoes as large as they come, in fragments.
#[mirage::test]
async fn large_echoes_in_fragments(world: World) {
    let wire = world.wire();
    let [here, there] = [world.layers(wire.port()).await, world.layers(wire.port()).await];
    here.ipv4.configure(Some(interface(HERE)));
    there.ipv4.configure(Some(interface(THERE)));
    for length in [1472, 1473, 5000, 20_000] {
        let (count, _) = ping(&world, here.ipv4.clone(), THERE, length, 3).await;
        assert_eq!(count, 3, "of {length} bytes");
    }
}

#[mirage::test]
async fn smoltcp_answers(world: World) {
    let wire = world.wire();
    let _there = Peer::new(&world, wire.port(), THERE);
    let here = world.layers(wire.port()).await;
    here.ipv4.configure(Some(interface(HERE)));
    let (count, _) = ping(&world, here.ipv4, THERE, 56, 10).await;
    assert!(count >= 9, "{count}: but the first, which smoltcp loses while it asks who we are");
}

/// RFC 1122, section 2.3.2.2: packets wait for ARP, and ARP for a line that loses half of them.
#[mirage::test]
async fn arp_asks_again(world: World) {
    let wire = world.wire();
    let mut count = 0;
    // The first three questions are lost.
    wire.lose(move |frame| {
        let is_question = frame[12..14] == [8, 6] && frame[21] == 1 && frame[28..32] != frame[38..42];
        count += i32::from(is_question);
        is_question && count <= 2
    });
    let [here, there] = [world.layers(wire.port()).await, world.layers(wire.port()).await];
    here.ipv4.configure(Some(interface(HERE)));
    there.ipv4.configure(Some(interface(THERE)));
    // Past the announcements, which tell what ARP would have to ask.
    let (count, first) = ping(&world, here.ipv4, THERE, 56, 1).await;
    assert_eq!(count, 1, "{first:?}");
}
