//! Packets in pieces, put together again (RFC 791 §3.2, RFC 8200 §4.5): bounded in packets, bytes, pieces and time.

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use mirage::time::Instant;

/// The most packets put together at once; the oldest makes room.
const PACKETS: usize = 64;
/// The most bytes kept of all of them.
const BYTES: usize = 1024 * 1024;
/// The most pieces of one packet: enough for 64 KiB over the least MTU of IPv6.
const PIECES: usize = 128;
/// The largest packet there is, in bytes.
const LARGEST: usize = 65_535;
/// How long the pieces of a packet are waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What tells the pieces of one packet from those of others (RFC 791 §3.2, RFC 8200 §4.5): source, destination, protocol
/// and identification. Over IPv6 the protocol could differ between pieces, but then only the first piece's would count.
pub type Whole = (IpAddr, IpAddr, u8, u32);

/// The packets whose pieces are still coming.
#[derive(Default)]
pub struct Reassembly {
    packets: Vec<Partial>,
    bytes: usize,
}

struct Partial {
    whole: Whole,
    until: Instant,
    /// In the order of their places, without gaps closed.
    pieces: Vec<(usize, Vec<u8>)>,
    /// How long the packet is, once its last piece has come.
    length: Option<usize>,
    /// Two of its pieces were at odds: what is still to come of it is dropped too.
    spoilt: bool,
}

impl Partial {
    fn bytes(&self) -> usize {
        self.pieces.iter().map(|(_, there)| there.len()).sum()
    }
}

/// A piece of a packet.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Where it goes, in bytes.
    pub offset: usize,
    /// Whether pieces follow.
    pub more: bool,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl Reassembly {
    /// Takes a piece; the whole packet if it was the last one missing.
    pub fn add(&mut self, whole: Whole, piece: Piece<'_>, now: Instant) -> Option<Vec<u8>> {
        let Piece { offset, more, bytes } = piece;
        let end = offset + bytes.len();
        // Every piece but the last is a multiple of eight bytes, and none is empty or ends past the largest packet.
        if end > LARGEST || bytes.is_empty() || more && bytes.len() % 8 != 0 {
            return None;
        }
        let index = self.packets.iter().position(|packet| packet.whole == whole).unwrap_or_else(|| {
            self.make_room(0);
            self.packets.push(Partial {
                whole,
                until: now + PATIENCE,
                pieces: Vec::new(),
                length: None,
                spoilt: false,
            });
            self.packets.len() - 1
        });
        let packet = &mut self.packets[index];
        let place = packet.pieces.partition_point(|(at, _)| *at < offset);
        let before = place.checked_sub(1).map(|index| &packet.pieces[index]);
        // The same piece again is harmless; one that overlaps another is somebody's trick (RFC 5722).
        if packet.pieces.get(place).is_some_and(|(at, there)| *at == offset && there == bytes) {
            return None;
        }
        let odd = before.is_some_and(|(at, there)| at + there.len() > offset)
            || packet.pieces.get(place).is_some_and(|(at, _)| end > *at)
            || packet.length.is_some_and(|length| end > length || !more && end != length)
            || !more && packet.pieces.last().is_some_and(|(at, there)| at + there.len() > end)
            || packet.pieces.len() == PIECES;
        if packet.spoilt || odd {
            packet.spoilt = true;
            self.bytes -= packet.bytes();
            packet.pieces.clear();
            return None;
        }
        if !more {
            packet.length = Some(end);
        }
        packet.pieces.insert(place, (offset, bytes.to_vec()));
        self.bytes += bytes.len();
        let have = packet.bytes();
        if packet.length == Some(have) {
            let packet = self.packets.remove(index);
            self.bytes -= have;
            let mut whole = Vec::with_capacity(have);
            packet.pieces.iter().for_each(|(_, there)| whole.extend_from_slice(there));
            return Some(whole);
        }
        self.make_room(1);
        None
    }

    /// Gives up packets until there is room for one more, all but the last `keep`.
    fn make_room(&mut self, keep: usize) {
        while self.packets.len() > keep && (self.bytes > BYTES || self.packets.len() >= PACKETS + keep) {
            let oldest = self.packets.remove(0);
            self.bytes -= oldest.bytes();
        }
    }

    /// Gives up what has waited long enough; returns when the next has.
    pub fn expire(&mut self, now: Instant) -> Option<Instant> {
        // The oldest comes first: all wait equally long.
        let expired = self.packets.iter().take_while(|packet| packet.until <= now).count();
        for packet in self.packets.drain(..expired) {
            self.bytes -= packet.bytes();
        }
        self.packets.first().map(|packet| packet.until)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    /// A piece of the packet of that identification.
    fn add(reassembly: &mut Reassembly, of: u32, offset: usize, more: bool, bytes: &[u8]) -> Option<Vec<u8>> {
        let host = IpAddr::from([10, 0, 0, 1]);
        reassembly.add((host, host, 17, of), Piece { offset, more, bytes }, at(0))
    }

    #[test]
    fn rfc_791_3_2_pieces_in_any_order() {
        let whole: Vec<u8> = (0..40).collect();
        let pieces = [(0, true, 0..16), (16, true, 16..32), (32, false, 32..40)];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
            let mut reassembly = Reassembly::default();
            let mut last = None;
            for index in order {
                let (offset, more, range) = pieces[index].clone();
                assert_eq!(last, None);
                last = add(&mut reassembly, 1, offset, more, &whole[range]);
            }
            assert_eq!(last, Some(whole.clone()));
            assert_eq!((reassembly.packets.len(), reassembly.bytes), (0, 0));
        }
    }

    #[test]
    fn rfc_5722_pieces_that_overlap_spoil_the_packet() {
        let mut reassembly = Reassembly::default();
        assert_eq!(add(&mut reassembly, 1, 0, true, &[1; 16]), None);
        assert_eq!(add(&mut reassembly, 1, 0, true, &[1; 16]), None, "the same again is harmless");
        assert_eq!(add(&mut reassembly, 1, 8, true, &[2; 16]), None);
        assert_eq!(add(&mut reassembly, 1, 16, false, &[3; 8]), None, "spoilt");
        assert_eq!(reassembly.bytes, 0);
        assert_eq!(add(&mut reassembly, 2, 0, false, &[4; 3]), Some(vec![4; 3]));
    }

    #[test]
    fn what_cannot_be_is_dropped() {
        let mut reassembly = Reassembly::default();
        assert_eq!(add(&mut reassembly, 1, 0, true, &[1; 15]), None, "not a multiple of eight");
        assert_eq!(add(&mut reassembly, 1, 65_528, false, &[1; 16]), None, "past the largest packet");
        assert_eq!(add(&mut reassembly, 1, 0, false, &[]), None);
        assert_eq!(reassembly.packets.len(), 0);
        assert_eq!(add(&mut reassembly, 1, 64, true, &[1; 8]), None);
        assert_eq!(add(&mut reassembly, 1, 0, false, &[1; 8]), None, "an end before what is there");
        assert_eq!(reassembly.bytes, 0);
    }

    #[test]
    fn it_is_bounded_and_forgets() {
        let mut reassembly = Reassembly::default();
        for key in 0..1000 {
            for piece in 0..40 {
                add(&mut reassembly, key, piece * 1400, true, &[0; 1400]);
            }
        }
        assert!(reassembly.packets.len() <= PACKETS && reassembly.bytes <= BYTES, "{}", reassembly.bytes);
        assert_eq!(reassembly.expire(at(29)), Some(at(30)));
        assert_eq!(reassembly.expire(at(30)), None);
        assert_eq!((reassembly.packets.len(), reassembly.bytes), (0, 0));
    }
}
