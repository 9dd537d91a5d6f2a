//! The headers between an IPv6 header and what a packet carries (RFC 8200 §4).

use core::ops::Range;

/// A chain of headers longer than this is dropped (RFC 8504 §5.3 lets a node have a limit).
const MOST: usize = 8;

/// Protocol numbers of headers that can stand in between (IANA).
pub const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
pub const FRAGMENT: u8 = 44;
const NO_NEXT: u8 = 59;
const DESTINATION: u8 = 60;

/// What stands behind the headers in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chain {
    /// What the packet carries.
    Payload {
        /// Its protocol number.
        protocol: u8,
        /// Where it begins.
        at: usize,
        /// Where its protocol number stands, in bytes from the beginning of the IPv6 header.
        said_at: u32,
    },
    /// A piece of a packet (RFC 8200 §4.5).
    Fragment {
        /// What tells its packet from others.
        identification: u32,
        /// Where the piece goes, in bytes.
        offset: usize,
        /// Whether pieces follow.
        more: bool,
        /// The protocol number of what the first piece begins with.
        protocol: u8,
        /// Where the piece begins.
        at: usize,
    },
    /// Nothing, by its own account.
    Nothing,
    /// Something that is answered by an ICMPv6 parameter problem (RFC 4443 §3.4).
    Problem {
        /// The code.
        code: u8,
        /// Where the problem is, in bytes from the beginning of the IPv6 header.
        pointer: u32,
    },
    /// Something to be dropped in silence.
    Malformed,
}

/// An IPv6 header's length, in bytes.
pub const HEADER: usize = 40;

/// Walks from the header that `first` says begins `packet`, what follows the IPv6 header, to what it carries.
pub fn walk(first: u8, packet: &[u8]) -> Chain {
    let (mut next, mut at) = (first, 0);
    // Where the number `next` stands, in the whole packet: at first the IPv6 header's own.
    let mut said_at = 6;
    for turn in 0..MOST {
        match next {
            HOP_BY_HOP if turn > 0 => return Chain::Problem { code: 1, pointer: said_at },
            HOP_BY_HOP | DESTINATION => {
                let Some(header) = header(packet, at) else { return Chain::Malformed };
                if let Some(chain) = options(packet, at + 2..header.end) {
                    return chain;
                }
                (next, said_at, at) = (packet[header.start], pointer(header.start), header.end);
            }
            ROUTING => {
                let Some(header) = header(packet, at) else { return Chain::Malformed };
                // RFC 8200 §4.4: one that has nothing left to visit is passed over, any other is not for a host.
                match packet.get(at + 3) {
                    Some(0) => {}
                    Some(_) => return Chain::Problem { code: 0, pointer: pointer(at + 2) },
                    None => return Chain::Malformed,
                }
                (next, said_at, at) = (packet[header.start], pointer(header.start), header.end);
            }
            FRAGMENT => {
                let Some(&[protocol, _, high, low, a, b, c, d]) = packet.get(at..at + 8) else {
                    return Chain::Malformed;
                };
                let field = u16::from_be_bytes([high, low]);
                return Chain::Fragment {
                    identification: u32::from_be_bytes([a, b, c, d]),
                    offset: usize::from(field & !7),
                    more: field & 1 != 0,
                    protocol,
                    at: at + 8,
                };
            }
            NO_NEXT => return Chain::Nothing,
            protocol => return Chain::Payload { protocol, at, said_at },
        }
    }
    Chain::Malformed
}

/// The header at a place, all of which must be there.
fn header(packet: &[u8], at: usize) -> Option<Range<usize>> {
    let length = (usize::from(*packet.get(at + 1)?) + 1) * 8;
    (packet.len() >= at + length).then_some(at..at + length)
}

/// Whether `first` says that a hop-by-hop header begins `packet`, and a router alert for MLD stands in it (RFC 2711 §2.1).
pub fn has_router_alert(first: u8, packet: &[u8]) -> bool {
    let Some(header) = (first == HOP_BY_HOP).then(|| header(packet, 0)).flatten() else { return false };
    let mut options = &packet[2..header.end];
    loop {
        match *options {
            [0, ref rest @ ..] => options = rest,
            [5, 2, 0, 0, ..] => return true,
            [_, length, ref rest @ ..] => match rest.get(usize::from(length)..) {
                Some(rest) => options = rest,
                None => return false,
            },
            _ => return false,
        }
    }
}

/// Looks at options no one needs to understand; what becomes of the packet if one must be (RFC 8200 §4.2).
fn options(packet: &[u8], within: Range<usize>) -> Option<Chain> {
    let mut at = within.start;
    while at < within.end {
        // Pad1 has no length.
        if packet[at] == 0 {
            at += 1;
            continue;
        }
        let Some(&length) = packet[..within.end].get(at + 1) else { return Some(Chain::Malformed) };
        match packet[at] {
            // PadN, and a router alert (RFC 2711), which is for routers.
            1 | 5 => {}
            unknown => match unknown >> 6 {
                0 => {}
                1 => return Some(Chain::Malformed),
                _ => return Some(Chain::Problem { code: 2, pointer: pointer(at) }),
            },
        }
        at += 2 + usize::from(length);
    }
    (at > within.end).then_some(Chain::Malformed)
}

/// A place in the whole packet, of a place behind the IPv6 header.
fn pointer(at: usize) -> u32 {
    u32::try_from(HEADER + at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_8200_4_headers_are_passed_over() {
        assert_eq!(walk(6, &[]), Chain::Payload { protocol: 6, at: 0, said_at: 6 });
        let chain = [DESTINATION, 0, 1, 4, 0, 0, 0, 0, ROUTING, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(walk(HOP_BY_HOP, &chain), Chain::Payload { protocol: 17, at: 24, said_at: 56 });
        assert_eq!(walk(NO_NEXT, &[1, 2, 3]), Chain::Nothing);
    }

    #[test]
    fn rfc_8200_4_1_hop_by_hop_only_first() {
        let chain = [HOP_BY_HOP, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0];
        assert_eq!(walk(DESTINATION, &chain), Chain::Problem { code: 1, pointer: 40 });
    }

    #[test]
    fn rfc_8200_4_2_options_by_their_highest_bits() {
        let with = |option: u8| walk(DESTINATION, &[17, 0, option, 0, 1, 2, 0, 0]);
        assert_eq!(with(0x3e), Chain::Payload { protocol: 17, at: 8, said_at: 40 }, "00: passed over");
        assert_eq!(with(0x7e), Chain::Malformed, "01: dropped");
        assert_eq!(with(0xbe), Chain::Problem { code: 2, pointer: 42 }, "10: answered");
        assert_eq!(walk(DESTINATION, &[17, 0, 1, 5, 0, 0, 0, 0]), Chain::Malformed, "longer than its header");
    }

    #[test]
    fn rfc_8200_4_4_routing_with_somewhere_to_go() {
        assert_eq!(walk(ROUTING, &[17, 0, 0, 1, 0, 0, 0, 0]), Chain::Problem { code: 0, pointer: 42 });
    }

    #[test]
    fn rfc_8200_4_5_a_fragment() {
        let fragment = [17, 0, 0x05, 0xa9, 0, 0, 1, 2];
        let chain = Chain::Fragment { identification: 258, offset: 1448, more: true, protocol: 17, at: 8 };
        assert_eq!(walk(FRAGMENT, &fragment), chain);
    }

    #[test]
    fn what_is_cut_off_is_malformed() {
        for length in 0..8 {
            for first in [HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION] {
                assert_eq!(walk(first, &[0; 8][..length]), Chain::Malformed);
            }
        }
        let endless: [u8; 96] = core::array::from_fn(|at| if at % 8 == 0 { DESTINATION } else { 0 });
        assert_eq!(walk(DESTINATION, &endless), Chain::Malformed, "more headers than anybody needs");
    }
}
