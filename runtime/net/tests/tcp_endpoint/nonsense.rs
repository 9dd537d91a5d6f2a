//! Whatever comes does no harm.

use std::time::Duration;

use mirage::{Clock, Received, Undelivered, Why};
use mirage_net::tcp::{Segment, Seq, Timestamps};
use proptest::prelude::*;

use crate::support::{Host, PEER, SERVER, poll};

fn segment() -> impl Strategy<Value = Segment> {
    let near = |base: u32| prop_oneof![(0u32..4).prop_map(move |step| base.wrapping_add(step)), any::<u32>()];
    let flags = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.1), any::<bool>());
    let options = (
        prop::option::of(any::<u16>()),
        prop::option::of(any::<u8>()),
        any::<bool>(),
        prop::option::of((any::<u32>(), any::<u32>())),
    );
    let header = (4999u16..5002, near(1000), prop::option::of(near(0)), any::<u16>());
    (header, flags, options).prop_map(|((source_port, seq, ack, window), (syn, fin, rst, psh), options)| Segment {
        source_port,
        destination_port: 80,
        seq: Seq(seq),
        ack: ack.map(Seq),
        syn,
        fin,
        rst,
        psh,
        window,
        mss: options.0,
        window_scale: options.1,
        sack_permitted: options.2,
        timestamps: options.3.map(|(value, echo)| Timestamps { value, echo }),
        ..Segment::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 300 } else { 3000 }))]

    #[test]
    fn arbitrary_bytes(packets: Vec<(Vec<u8>, bool, u16)>, reports: Vec<(Vec<u8>, u16)>) {
        let mut host = Host::new();
        let _listener = host.listen();
        for (mut bytes, checksum, segment) in packets {
            host.input_bytes(PEER.ip(), SERVER.ip(), &mut bytes, Received { checksum, segment });
            host.input_bytes(SERVER.ip(), PEER.ip(), &mut bytes, Received { checksum, segment });
        }
        for (quoted, mtu) in reports {
            let (source, destination, now) = (SERVER.ip(), PEER.ip(), host.clock.now());
            host.link.above().undelivered(Undelivered { source, destination, why: Why::TooLarge(mtu), quoted: &quoted, now });
        }
        host.pass(Duration::from_secs(100));
    }

    /// Segments in any order, some of them with the numbers a real peer would use.
    #[test]
    fn arbitrary_segments(
        segments in prop::collection::vec((segment(), 0usize..100, any::<bool>(), 0u64..3000), 1..60),
        keep: bool,
    ) {
        let mut host = Host::new();
        let mut listener = host.listen();
        let mut flows = Vec::new();
        let (mut there, mut here) = (1000, 0);
        for (mut segment, length, real, wait) in segments {
            if real && !segment.syn {
                (segment.seq, segment.ack) = (Seq(there), Some(Seq(here)));
            }
            let from = (PEER.ip(), segment.source_port).into();
            host.input_from(from, SERVER, segment, &[7; 100][..length]);
            if let Some(Ok(flow)) = poll(mirage::Listener::accept(&mut listener)) {
                flows.push(flow);
                if !keep {
                    flows.pop();
                }
            }
            for (answer, payload) in host.sent() {
                here = answer.seq.0.wrapping_add(answer.length(payload.len()));
                there = answer.ack.map_or(there, |ack| ack.0);
            }
            host.pass(Duration::from_millis(wait));
        }
        drop(flows);
        host.pass(Duration::from_secs(1000));
        let stats = host.tcp.stats();
        prop_assert_eq!((stats.half_open, stats.time_wait), (0, 0));
        drop(listener);
        host.pass(Duration::from_secs(1000));
        prop_assert_eq!(host.tcp.stats().connections, 0);
    }
}
