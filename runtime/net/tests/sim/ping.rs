//! ICMP echo (RFC 792), whole and in fragments.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use mirage::time::Instant;
use mirage::{Clock as _, Header, Ip, Offload, Packet, Packets, Time as _};
use mirage_test::World;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{Icmpv4Packet, Icmpv4Repr};

use crate::exchange::pattern;

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
async fn smoltcp_answers(world: World) {
    let wire = world.wire();
    let here = crate::bare::Bare::new(&world, wire.port(), crate::HERE);
    let _there = crate::peer::Peer::new(&world, wire.port(), crate::THERE);
    let (count, _) = ping(&world, here, crate::THERE, 56, 10).await;
    assert!(count >= 9, "{count}: but the first, which smoltcp loses while it asks who we are");
}
