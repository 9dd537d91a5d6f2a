//! The other end of the `bulk` fixture's streams: a pattern sent and compared, byte by byte, as fast as a wire goes.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::sync::OnceLock;

use crate::Direct;

/// After so many bytes the pattern begins again.
const PERIOD: usize = 1 << 24;

/// How much is handed over at once, in bytes; a period is a multiple of it.
const PIECE: usize = 64 * 1024;

/// What byte of the pattern is at a place.
pub fn pattern(at: u64) -> u8 {
    (at.wrapping_mul(31) ^ (at >> 8) ^ (at >> 16)) as u8
}

/// A period of the pattern.
fn period() -> &'static [u8] {
    static PATTERN: OnceLock<Vec<u8>> = OnceLock::new();
    PATTERN.get_or_init(|| (0..PERIOD as u64).map(pattern).collect())
}

/// What the fixture makes of bytes that come after others that made `sum`.
fn add_up(sum: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(sum, |sum, &byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

/// What `count` bytes of the pattern add up to. Whole periods are added at once: each multiplies what was before.
fn sum(count: u64) -> u64 {
    let whole = count / PERIOD as u64;
    let sum = if whole > 0 {
        let (one, times) = (add_up(0, period()), (0..PERIOD).fold(1_u64, |times, _| times.wrapping_mul(31)));
        (0..whole).fold(0, |sum: u64, _| sum.wrapping_mul(times).wrapping_add(one))
    } else {
        0
    };
    add_up(sum, &period()[..(count % PERIOD as u64) as usize])
}

/// Has the unikernel take `count` bytes, and compares what it says they add up to.
pub fn send_all(count: u64) {
    let mut stream = Direct::connect(9);
    let mut left = count;
    for piece in period().chunks(PIECE).cycle() {
        let length = left.min(PIECE as u64);
        if length == 0 {
            break;
        }
        stream.write_all(&piece[..length as usize]).expect("it takes them");
        left -= length;
    }
    stream.shutdown(Shutdown::Write).expect("an end");
    let mut said = String::new();
    stream.read_to_string(&mut said).expect("an answer");
    assert_eq!(said.trim(), format!("{count} {}", sum(count)));
}

/// Has the unikernel send `count` bytes, and looks at each.
pub fn receive_all(count: u64) {
    let mut stream = Direct::connect(19);
    stream.write_all(format!("{count}\n").as_bytes()).expect("it reads");
    let (mut at, mut piece) = (0, vec![0; PIECE]);
    loop {
        let place = (at % PERIOD as u64) as usize;
        let most = PIECE.min(PERIOD - place);
        let length = stream.read(&mut piece[..most]).expect("bytes, or an end");
        if length == 0 {
            break;
        }
        assert!(piece[..length] == period()[place..place + length], "the bytes from {at} on");
        at += length as u64;
    }
    assert_eq!(at, count);
}
