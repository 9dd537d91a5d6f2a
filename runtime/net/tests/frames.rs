//! Frames that are whatever they are, to a whole stack: the fuzz target's corpus is replayed, and random ones are tried.

#[path = "frames/mod.rs"]
mod check;

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

/// The seeds say how many packets answer them, so that a change of format does not make them useless.
#[test]
fn corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/frames");
    let mut count = 0;
    for entry in folder.read_dir().expect("a corpus") {
        let path = entry.expect("a file").path();
        println!("{}", path.display());
        let said = check::frames(&std::fs::read(&path).expect("a file"));
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if let Some(expected) = name.strip_suffix("-answers").and_then(|name| name.rsplit('-').next()) {
            assert_eq!(said.to_string(), expected, "{name}");
        }
        count += 1;
    }
    assert!(count > 0, "there is nothing in {}", folder.display());
}

/// IPv4 headers, mostly plausible, and what they carry.
fn packet() -> impl Strategy<Value = Vec<u8>> {
    let protocol = prop_oneof![Just(1_u8), Just(6), Just(17), any::<u8>()];
    let field = prop_oneof![Just(0_u16), Just(0x2000), 0..64_u16, any::<u16>()];
    let kind = prop_oneof![Just(8_u8), Just(3), Just(11), any::<u8>()];
    let to = prop_oneof![Just(check::HERE), Just([255; 4]), Just([10, 0, 0, 255]), any::<[u8; 4]>()];
    let payload = vec(any::<u8>(), 0..80);
    (5..8_u8, protocol, field, to, kind, payload).prop_map(|(words, protocol, field, to, kind, payload)| {
        let mut bytes = vec![0; usize::from(words) * 4];
        bytes[0] = 0x40 | words;
        bytes[6..8].copy_from_slice(&field.to_be_bytes());
        bytes[8..10].copy_from_slice(&[64, protocol]);
        bytes[12..16].copy_from_slice(&[10, 0, 0, 2]);
        bytes[16..20].copy_from_slice(&to);
        bytes.push(kind);
        bytes.extend(payload);
        let total = bytes.len() as u16;
        bytes[2..4].copy_from_slice(&total.to_be_bytes());
        bytes
    })
}

/// IPv6 headers, mostly plausible, and what they carry.
fn packet_v6() -> impl Strategy<Value = Vec<u8>> {
    let protocol = prop_oneof![Just(58_u8), Just(0), Just(6), Just(17), Just(44), Just(60), any::<u8>()];
    let hops = prop_oneof![Just(255_u8), Just(1), Just(64)];
    let router = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    let nodes = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let from = prop_oneof![Just(router), Just([0; 16]), any::<[u8; 16]>()];
    let to = prop_oneof![Just(check::HERE_V6), Just(nodes), any::<[u8; 16]>()];
    let kind = prop_oneof![128..138_u8, 1..5_u8, any::<u8>()];
    // What the message is about may be the stack itself, and a router alert may stand before it.
    let payload =
        (kind, any::<bool>(), any::<[u8; 6]>(), vec(any::<u8>(), 0..120)).prop_map(|(kind, ours, field, rest)| {
            [&[kind, 0][..], &field, if ours { &check::HERE_V6 } else { &[] }, &rest].concat()
        });
    (protocol, hops, from, to, payload).prop_map(|(protocol, hops, from, to, payload)| {
        let alert: &[u8] = if protocol == 0 { &[58, 0, 5, 2, 0, 0, 1, 0] } else { &[] };
        let length = (alert.len() + payload.len()) as u8;
        [&[0x60, 0, 0, 0, 0, length, protocol, hops][..], &from, &to, alert, &payload].concat()
    })
}

/// ARP messages, mostly plausible.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let address = || prop_oneof![Just(check::HERE), Just([10, 0, 0, 2]), any::<[u8; 4]>()];
    (0..4_u8, any::<[u8; 6]>(), address(), address(), 20..50_usize).prop_map(|(operation, mac, from, of, length)| {
        let header = [0, 1, 8, 0, 6, 4, 0, operation];
        let mut bytes = [&header[..], &mac, &from, &[0; 6], &of].concat();
        bytes.resize(length, 0);
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_comes(records in vec((any::<u8>(), prop_oneof![
        packet().prop_map(|packet| [&[8, 0][..], &packet].concat()),
        packet_v6().prop_map(|packet| [&[0x86, 0xdd][..], &packet].concat()),
        message().prop_map(|message| [&[8, 6][..], &message].concat()),
        vec(any::<u8>(), 0..100),
    ]), 0..20)) {
        let mut bytes = Vec::new();
        for (flags, frame) in records {
            let frame = [&[2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8][..], &frame].concat();
            bytes.push(flags | 2);
            bytes.extend((frame.len() as u16).to_be_bytes());
            bytes.extend(frame);
        }
        check::frames(&bytes);
    }
}
