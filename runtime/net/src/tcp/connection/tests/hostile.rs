//! A peer that sends anything: no panic, no timer that stands still, no more memory than the window allows.

use proptest::prelude::*;

use super::script::{IRS, ISS, Script, Setting};
use crate::tcp::connection::{Config, State};
use crate::tcp::{Sack, Segment, Seq, Timestamps};

#[derive(Clone, Debug)]
enum Act {
    Peer(Segment, usize, u16),
    Wait(u64),
    Write(usize),
    Read,
    Close,
    StopReceiving,
    PathMtu(u16),
    Full(bool),
}

/// A number near those in use, or any.
fn number(base: Seq) -> impl Strategy<Value = Seq> {
    prop_oneof![
        8 => (-10i32..30_000).prop_map(move |offset| Seq(base.0.wrapping_add(offset as u32))),
        8 => (0u32..20).prop_map(move |at| base + 1 + at * 500),
        1 => any::<u32>().prop_map(Seq),
    ]
}

fn segment() -> impl Strategy<Value = Segment> {
    let flags = (0u8..100).prop_map(|dice| (dice == 0, (1..6).contains(&dice), dice == 7));
    let blocks = prop::collection::vec((number(ISS), number(ISS)), 0..5);
    let timestamps = prop::option::of((0u32..3000, any::<u32>()));
    let window = prop_oneof![Just(0u16), 0u16..3000, any::<u16>()];
    (number(IRS), prop::option::weighted(0.95, number(ISS)), flags, window, blocks, timestamps).prop_map(
        |(seq, ack, (syn, fin, rst), window, blocks, timestamps)| {
            let mut sack = Sack::default();
            blocks.into_iter().for_each(|block| sack.push(block));
            let timestamps = timestamps.map(|(value, echo)| Timestamps { value, echo });
            Segment { seq, ack, syn, fin, rst, window, sack, timestamps, ..Segment::default() }
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        10 => (segment(), prop_oneof![Just(0usize), 0usize..3000], prop_oneof![Just(0u16), 1u16..2000])
            .prop_map(|(segment, payload, coalesced)| Act::Peer(segment, payload, coalesced)),
        3 => (0u64..3000).prop_map(Act::Wait),
        4 => (1usize..20_000).prop_map(Act::Write),
        3 => Just(Act::Read),
        1 => Just(Act::Close),
        1 => Just(Act::StopReceiving),
        1 => (0u16..1200).prop_map(Act::PathMtu),
        1 => any::<bool>().prop_map(Act::Full),
    ]
}

fn run(mut script: Script, acts: &[Act]) {
    for act in acts {
        match *act {
            Act::Peer(segment, payload, coalesced) => {
                let bytes = [0; 3000];
                let changes = script.connection.input(script.now, &segment, &bytes[..payload], coalesced);
                if changes.challenge {
                    script.connection.challenge();
                }
                script.send();
            }
            Act::Wait(milliseconds) => {
                script.wait(milliseconds);
            }
            Act::Write(length) => {
                let length = length.min(script.connection.send_room());
                script.write(length);
            }
            Act::Read => {
                script.read();
            }
            Act::Close => {
                script.close();
            }
            Act::StopReceiving => {
                script.connection.stop_receiving();
            }
            Act::PathMtu(mss) => script.connection.path_mtu(mss),
            Act::Full(full) => {
                // While the device is full, no time passes.
                script.full = full;
                script.send();
                script.full = false;
                script.send();
            }
        }
        let connection = &script.connection;
        let (sender, receiver) = (&connection.sender, &connection.receiver);
        assert!(receiver.occupied <= receiver.capacity + 128);
        if connection.is_synchronized() && connection.state() != State::TimeWait {
            assert!(sender.una.le(sender.nxt) && sender.board.sacked() + sender.board.lost() <= sender.flight());
            let waits = sender.flight() > 0 || sender.is_shut();
            assert!(!waits || connection.deadline().is_some(), "nothing would ever happen again");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn a_hostile_peer_does_no_harm(
        acts in prop::collection::vec(act(), 1..60),
        (sack, timestamps, nagle, cubic) in any::<(bool, bool, bool, bool)>(),
        window in 0u32..70_000,
        segment_most in prop_oneof![Just(0u32), Just(64_000)],
        receive_most in 500usize..200_000,
    ) {
        let config = Config { nagle, cubic, receive_most, ..Config::default() };
        let scale = (window % 2 == 0).then_some(4);
        run(Script::accepted(Setting { config, window, scale, sack, timestamps, segment_most }), &acts);
    }

    #[test]
    fn a_hostile_server_does_no_harm(acts in prop::collection::vec(act(), 1..20)) {
        let mut script = Script::connect(Config::default());
        script.send();
        run(script, &acts);
    }
}
