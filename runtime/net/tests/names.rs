//! Replies of name servers and DHCP servers that are whatever they are: the fuzz targets' corpus is replayed, and random
//! ones are tried.

#[path = "names/mod.rs"]
mod check;

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

fn replay(target: &str, mut check: impl FnMut(&str, &[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut count = 0;
    for entry in folder.read_dir().expect("a corpus") {
        let path = entry.expect("a file").path();
        println!("{}", path.display());
        let name = path.file_name().expect("a name").to_string_lossy();
        check(&name, &std::fs::read(&path).expect("a file"));
        count += 1;
    }
    assert!(count > 0, "there is nothing in {}", folder.display());
}

#[test]
fn dns() {
    replay("dns", |_, bytes| check::dns(bytes));
}

#[test]
fn dhcp() {
    replay("dhcp", |name, bytes| {
        let leases = check::dhcp(bytes);
        // The seeds say what comes of them, so that a change of format does not make them useless.
        if let Some(expected) = name.strip_suffix("-leases").and_then(|name| name.rsplit('-').next()) {
            assert_eq!(leases.to_string(), expected, "{name}");
        }
    });
}

/// Bytes as records have them, with names that lead elsewhere.
fn records() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![Just(1_u8), Just(5), Just(6), Just(28), any::<u8>()];
    let name = prop_oneof![
        Just(vec![0xc0, 12]),
        (0..80_u8).prop_map(|at| vec![0xc0, at]),
        Just(b"\x01b\x07example\0".to_vec()),
        vec(any::<u8>(), 0..8),
    ];
    let data = prop_oneof![vec(any::<u8>(), 4), vec(any::<u8>(), 16), name.clone(), vec(any::<u8>(), 0..40)];
    let record = (name, kind, any::<u32>(), data).prop_map(|(name, kind, ttl, data)| {
        let mut bytes = name;
        bytes.extend([0, kind, 0, 1]);
        bytes.extend(ttl.to_be_bytes());
        bytes.extend((data.len() as u16).to_be_bytes());
        bytes.extend(data);
        bytes
    });
    (vec(record, 0..6), 0..6_u8, 0..3_u8, prop_oneof![Just(0_u8), Just(3), any::<u8>()]).prop_map(
        |(records, answers, authority, code)| {
            let mut bytes = vec![0x81, code, 0, answers, 0, authority, 0, 0];
            records.iter().for_each(|record| bytes.extend(record));
            bytes
        },
    )
}

/// A message a server could send, in part.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let option = (prop_oneof![Just(1_u8), Just(3), Just(6), 50..60_u8, any::<u8>()], vec(any::<u8>(), 0..9));
    let options = (prop_oneof![Just(2_u8), Just(5), Just(6), any::<u8>()], vec(option, 0..6));
    (options, any::<[u8; 4]>(), any::<bool>()).prop_map(|((kind, options), address, server)| {
        let mut bytes = vec![0; 240];
        bytes[..8].copy_from_slice(&[2, 1, 6, 0, 0x12, 0x34, 0x56, 0x78]);
        bytes[16..20].copy_from_slice(&address);
        bytes[28..34].copy_from_slice(&check::MAC.0);
        bytes[236..].copy_from_slice(&[0x63, 0x82, 0x53, 0x63]);
        bytes.extend([53, 1, kind, 51, 4, 0, 0, 14, 16]);
        if server {
            bytes.extend([54, 4, 10, 0, 0, 1]);
        }
        for (kind, data) in options {
            bytes.extend([kind, data.len() as u8]);
            bytes.extend(data);
        }
        bytes
    })
}

proptest! {
    #[test]
    fn any_bytes_for_a_name(bytes in vec(any::<u8>(), 0..600)) {
        check::dns(&bytes);
    }

    #[test]
    fn any_records_for_a_name(bytes in records()) {
        check::dns(&bytes);
    }

    #[test]
    fn any_bytes_for_an_address(bytes in vec(any::<u8>(), 0..2000)) {
        check::dhcp(&bytes);
    }

    #[test]
    fn any_messages_for_an_address(messages in vec(prop_oneof![Just(vec![]), message()], 0..12)) {
        let mut bytes = Vec::new();
        for message in messages {
            bytes.extend((message.len() as u16).to_be_bytes());
            bytes.extend(message);
        }
        check::dhcp(&bytes);
    }
}
