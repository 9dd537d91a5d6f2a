//! What an interface has left undone on a frame that came, and the other is to do: a checksum, and cutting what was put
//! together from segments.

use mirage::{Checksum, Offload, Offloads, Received};

/// The length of an Ethernet header, in bytes.
const ETHERNET: usize = 14;
/// Protocol numbers (IANA).
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Where TCP or UDP begins in a frame.
struct Transport {
    v6: bool,
    protocol: u8,
    start: usize,
    end: usize,
}

/// Makes a frame one that can leave by an interface with these abilities; what that is to do with it. None if it cannot
/// carry it.
pub fn finish(frame: &mut [u8], received: Received, able: Offloads, mtu: usize) -> Option<Offload> {
    let fits = frame.len() <= ETHERNET + mtu;
    // A checksum that nobody has to look at may not be there at all: it is made again.
    let found = if received.checksum {
        transport(frame)
    } else {
        None
    };
    let Some(transport) = found else {
        return fits.then(Offload::default);
    };
    let segment = if fits { 0 } else { received.segment };
    let cuts = if transport.v6 {
        able.segment_v6
    } else {
        able.segment_v4
    };
    if !fits && (segment == 0 || !cuts || !able.checksum) {
        return None;
    }
    let offset = if transport.protocol == TCP { 16 } else { 6 };
    let place = transport.start + offset;
    let sum = pseudo_header(frame, &transport);
    frame[place..place + 2].copy_from_slice(&fold(sum).to_be_bytes());
    if able.checksum {
        let (start, offset) = (transport.start as u16, offset as u16);
        return Some(Offload {
            checksum: Some(Checksum { start, offset }),
            segment,
        });
    }
    let sum = !fold(words(&frame[transport.start..transport.end]));
    // None is said by 0 in UDP (RFC 768).
    let sum = if sum == 0 && transport.protocol == UDP {
        0xffff
    } else {
        sum
    };
    frame[place..place + 2].copy_from_slice(&sum.to_be_bytes());
    Some(Offload::default())
}

/// TCP or UDP in a frame, whole and right behind its IP header; interfaces leave nothing undone on others.
fn transport(frame: &[u8]) -> Option<Transport> {
    let packet = frame.get(ETHERNET..)?;
    let (v6, protocol, header, length) = match (frame[12..ETHERNET].first_chunk::<2>()?, packet) {
        ([0x08, 0x00], &[first, _, high, low, _, _, flags, piece, _, protocol, ..]) => {
            // A piece of a packet has no checksum of its own.
            if flags & 0x3f != 0 || piece != 0 {
                return None;
            }
            (
                false,
                protocol,
                usize::from(first & 0xf) * 4,
                usize::from(u16::from_be_bytes([high, low])),
            )
        }
        ([0x86, 0xdd], &[_, _, _, _, high, low, protocol, ..]) => (
            true,
            protocol,
            40,
            40 + usize::from(u16::from_be_bytes([high, low])),
        ),
        _ => return None,
    };
    let least = match protocol {
        TCP => 20,
        UDP => 8,
        _ => return None,
    };
    let (start, end) = (ETHERNET + header, ETHERNET + length);
    (header >= 20 && start + least <= end && end <= frame.len()).then_some(Transport {
        v6,
        protocol,
        start,
        end,
    })
}

/// The sum of the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1).
fn pseudo_header(frame: &[u8], transport: &Transport) -> u32 {
    let addresses = if transport.v6 {
        ETHERNET + 8..ETHERNET + 40
    } else {
        ETHERNET + 12..ETHERNET + 20
    };
    words(&frame[addresses])
        + u32::from(transport.protocol)
        + (transport.end - transport.start) as u32
}

/// The sum of 16-bit words (RFC 1071); that of 64 KiB has room.
fn words(bytes: &[u8]) -> u32 {
    let word = |word: &[u8]| u32::from(word[0]) << 8 | word.get(1).map_or(0, |&low| low.into());
    bytes.chunks(2).map(word).sum()
}

fn fold(sum: u32) -> u16 {
    let sum = (sum & 0xffff) + (sum >> 16);
    ((sum & 0xffff) + (sum >> 16)) as u16
}
