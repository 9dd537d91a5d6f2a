//! The header before each frame: `struct virtio_net_hdr`, as virtio 1.2 section 5.1.6 has it and as tap devices take
//! it over. It says what has been left undone: a checksum to fill in, segments to cut.
//!
//! What a platform's network device speaks, whichever way it reaches the other end; nothing here touches a device.
#![no_std]
#![forbid(unsafe_code)]

use mirage::{Checksum, Offload, Received};

/// Its length in bytes, with the count of buffers that virtio 1.0 has put at its end.
pub const LENGTH: usize = 12;

// Flags.
const NEEDS_CHECKSUM: u8 = 1;
const CHECKSUM_VALID: u8 = 2;

// What is to be cut, or was put together.
const SEGMENT_NONE: u8 = 0;
const SEGMENT_TCP_V4: u8 = 1;
const SEGMENT_TCP_V6: u8 = 4;
/// The first segment has congestion-window-reduced set: a bit besides the others.
const SEGMENT_ECN: u8 = 0x80;

/// Where in a frame its protocol is said, and the value for IPv6.
const ETHERTYPE: usize = 12;
const ETHERTYPE_V6: [u8; 2] = [0x86, 0xdd];

/// What the header of a frame that came says. A header that makes no sense says nothing.
pub fn decode(header: &[u8; LENGTH]) -> Received {
    let [flags, kind, _, _, size @ ..] = *header;
    let size = u16::from_le_bytes([size[0], size[1]]);
    let tcp = matches!(kind & !SEGMENT_ECN, SEGMENT_TCP_V4 | SEGMENT_TCP_V6);
    // A checksum yet to be filled in belongs to a frame that never left this host, where nothing can have spoiled it.
    Received { checksum: flags & (NEEDS_CHECKSUM | CHECKSUM_VALID) != 0, segment: if tcp { size } else { 0 } }
}

/// How many buffers the frame behind this header is spread over, where buffers may be merged (virtio 1.2, 5.1.6.4).
pub fn buffers(header: &[u8; LENGTH]) -> u16 {
    let [.., low, high] = *header;
    u16::from_le_bytes([low, high])
}

/// The header for a frame that goes, given in parts.
pub fn encode(frame: &[&[u8]], offload: Offload) -> [u8; LENGTH] {
    let mut header = [0; LENGTH];
    let Offload { checksum, segment } = offload;
    if let Some(Checksum { start, offset }) = checksum {
        header[0] = NEEDS_CHECKSUM;
        header[6..8].copy_from_slice(&start.to_le_bytes());
        header[8..10].copy_from_slice(&offset.to_le_bytes());
    }
    if segment != 0 {
        let is_v6 = [byte(frame, ETHERTYPE), byte(frame, ETHERTYPE + 1)] == ETHERTYPE_V6;
        header[1] = if is_v6 { SEGMENT_TCP_V6 } else { SEGMENT_TCP_V4 };
        header[4..6].copy_from_slice(&segment.to_le_bytes());
        // All headers up to the end of TCP's, whose own length is the upper half of its byte 12, in words.
        let start = checksum.map_or(0, |checksum| checksum.start);
        let tcp = u16::from(byte(frame, usize::from(start) + 12) >> 4) * 4;
        header[2..4].copy_from_slice(&start.saturating_add(tcp).to_le_bytes());
    } else {
        header[1] = SEGMENT_NONE;
    }
    header
}

/// A byte of a frame in parts; 0 past its end.
fn byte(frame: &[&[u8]], mut index: usize) -> u8 {
    for part in frame {
        match part.get(index) {
            Some(&byte) => return byte,
            None => index -= part.len(),
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_as_it_is_has_a_header_of_zeros() {
        assert_eq!(encode(&[&[0xff; 60]], Offload::default()), [0; LENGTH]);
        assert_eq!(decode(&[0; LENGTH]), Received::default());
    }

    // virtio 1.2, 5.1.6.2.
    #[test]
    fn a_checksum_is_asked_for_by_its_place() {
        let offload = Offload { checksum: Some(Checksum { start: 34, offset: 6 }), segment: 0 };
        assert_eq!(encode(&[&[0; 60]], offload), [1, 0, 0, 0, 0, 0, 34, 0, 6, 0, 0, 0]);
    }

    #[test]
    fn segments_are_asked_for_by_their_size_with_the_length_of_all_headers() {
        let mut ethernet = [0; 14];
        let mut tcp = [0; 32];
        tcp[12] = 0x80; // eight words: with timestamps
        let offload = Offload { checksum: Some(Checksum { start: 34, offset: 16 }), segment: 1448 };
        ethernet[12..].copy_from_slice(&[0x08, 0x00]);
        let header = encode(&[&ethernet, &[0; 20], &tcp, &[0; 5000]], offload);
        assert_eq!(header, [1, 1, 66, 0, 0xa8, 5, 34, 0, 16, 0, 0, 0]);
        ethernet[12..].copy_from_slice(&[0x86, 0xdd]);
        let offload = Offload { checksum: Some(Checksum { start: 54, offset: 16 }), segment: 1428 };
        let header = encode(&[&ethernet[..13], &ethernet[13..], &[0; 40], &tcp, &[0; 5000]], offload);
        assert_eq!(header, [1, 4, 86, 0, 0x94, 5, 54, 0, 16, 0, 0, 0]);
    }

    #[test]
    fn merged_buffers_are_counted_at_the_end() {
        assert_eq!(buffers(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x21, 0x01]), 0x121);
    }

    // virtio 1.2, 5.1.6.4.
    #[test]
    fn what_came_says_whether_its_checksum_is_good_and_what_it_was_put_together_from() {
        let came = |flags, kind| decode(&[flags, kind, 66, 0, 0xa8, 5, 34, 0, 16, 0, 0, 0]);
        assert_eq!(came(0, 0), Received { checksum: false, segment: 0 });
        assert_eq!(came(1, 1), Received { checksum: true, segment: 1448 }, "it never left the host");
        assert_eq!(came(2, 4), Received { checksum: true, segment: 1448 }, "it was found good");
        assert_eq!(came(1, 0x81), Received { checksum: true, segment: 1448 }, "with ECN");
        assert_eq!(came(1, 3), Received { checksum: true, segment: 0 }, "UDP was not asked for");
    }

    #[test]
    fn a_frame_that_is_too_short_for_what_is_asked_is_not_looked_past() {
        let offload = Offload { checksum: Some(Checksum { start: u16::MAX, offset: 16 }), segment: 1448 };
        assert_eq!(encode(&[&[1, 2], &[]], offload)[2..4], u16::MAX.to_le_bytes());
        assert_eq!(encode(&[], offload)[1], SEGMENT_TCP_V4);
    }
}
