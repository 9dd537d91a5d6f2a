//! What a device does with a frame that is to go: fill in a checksum, cut it into segments.
//!
//! It is strict: what no device could do, or what this one was not said to do, ends the test.

use mirage::{Checksum, Offload, Offloads};

use super::headers::{self, Transport, long, put, sum, word};

const FIN: u8 = 1;
const PSH: u8 = 8;
const CWR: u8 = 128;

/// The frames that a frame given with `offload` becomes on the wire, one after the other.
pub fn emit(mut frame: Vec<u8>, offload: Offload, able: Offloads, mtu: usize, mut out: impl FnMut(Vec<u8>)) {
    assert!(frame.len() >= headers::ETHERNET, "a frame of {} bytes was sent: no Ethernet header fits in", frame.len());
    let cut = offload.segment > 0;
    let most = headers::ETHERNET + mtu;
    assert!(cut || frame.len() <= most, "a frame of {} bytes was sent where {most} are the most", frame.len());
    assert!(offload.checksum.is_none() || able.checksum, "a checksum was left to an interface that fills in none");
    if cut {
        let segment = usize::from(offload.segment);
        let place = headers::transport(&frame).filter(|place| place.tcp);
        let Some(place) = place else { panic!("a frame that is not TCP was to be cut into segments: {frame:02x?}") };
        let able = if place.v6 { able.segment_v6 } else { able.segment_v4 };
        assert!(able, "a frame was to be cut into segments by an interface that cuts none");
        assert!(offload.checksum.is_some(), "a frame was to be cut into segments without a checksum to fill in");
        let longest = place.payload + segment;
        assert!(longest <= most, "segments of {segment} bytes make frames of {longest} where {most} are the most");
        fill(&mut frame.clone(), offload.checksum);
        segments(&frame, &place, segment, out);
    } else {
        fill(&mut frame, offload.checksum);
        out(frame);
    }
}

/// Fills in a checksum (RFC 1071).
fn fill(frame: &mut [u8], checksum: Option<Checksum>) {
    let Some(Checksum { start, offset }) = checksum else { return };
    let (start, at) = (usize::from(start), usize::from(start) + usize::from(offset));
    assert!(at + 2 <= frame.len(), "a checksum was to go to byte {at} of a frame of {} bytes", frame.len());
    // The sum of the pseudo-header stands there already. A sum of 0 would say "none" in UDP (RFC 768).
    let sum = !sum(&frame[start..], 0);
    put(frame, at, if sum == 0 { 0xffff } else { sum });
}

/// Cuts a TCP segment into segments of `size` bytes of payload.
fn segments(frame: &[u8], place: &Transport, size: usize, mut out: impl FnMut(Vec<u8>)) {
    let (header, payload) = (&frame[..place.payload], &frame[place.payload..place.segment.end]);
    let tcp = place.segment.start;
    let count = payload.len().div_ceil(size).max(1);
    for number in 0..count {
        let piece = &payload[number * size..payload.len().min((number + 1) * size)];
        let mut frame = [header, piece].concat();
        let sequence = long(header, tcp + 4).wrapping_add(u32::try_from(number * size).unwrap_or(u32::MAX));
        frame[tcp + 4..tcp + 8].copy_from_slice(&sequence.to_be_bytes());
        if number + 1 < count {
            frame[tcp + 13] &= !(FIN | PSH);
        }
        if number > 0 {
            frame[tcp + 13] &= !CWR; // RFC 3168, section 6.1.2: said once
        }
        if !place.v6 {
            let identification = word(header, place.ip + 4).wrapping_add(number as u16);
            put(&mut frame, place.ip + 4, identification);
        }
        place.fit(&mut frame);
        let pseudo_header = place.pseudo_header(&frame, frame.len() - tcp);
        put(&mut frame, place.checksum(), 0);
        let sum = !sum(&frame[tcp..], pseudo_header);
        put(&mut frame, place.checksum(), sum);
        out(frame);
    }
}
