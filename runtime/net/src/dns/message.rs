//! Questions and replies (RFC 1035, section 4).

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Name;

/// The most records of a reply that are looked at.
const RECORDS: usize = 64;
/// The most addresses kept of a reply.
const ADDRESSES: usize = 32;
/// The most aliases followed in one reply.
const ALIASES: usize = 16;
const HEADER: usize = 12;
const INTERNET: u16 = 1;
const CNAME: u16 = 5;
const SOA: u16 = 6;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses (RFC 3596).
    Aaaa,
}

impl Kind {
    fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Aaaa => 28,
        }
    }

    fn address(self, data: &[u8]) -> Option<IpAddr> {
        Some(match self {
            Self::A => Ipv4Addr::from_octets(data.try_into().ok()?).into(),
            Self::Aaaa => Ipv6Addr::from_octets(data.try_into().ok()?).into(),
        })
    }
}

/// A question to a name server.
#[derive(Clone, Debug)]
pub struct Query {
    name: Name,
    kind: Kind,
    bytes: Vec<u8>,
}

impl Query {
    /// Asks for the addresses of `name`. What is random in it makes a forged reply hard to guess: the number, and which
    /// letters are capitals, as the bits of `capitals`.
    pub fn new(name: &Name, kind: Kind, number: u16, capitals: u64) -> Self {
        let mut bytes = Vec::with_capacity(HEADER + name.wire().len() + 4);
        bytes.extend(number.to_be_bytes());
        // A standard query, recursion desired, one question.
        bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        let mut capitals = capitals;
        bytes.extend(name.wire().iter().map(|byte| {
            capitals = capitals.rotate_right(1);
            // Lengths are no letters.
            if capitals & 1 != 0 { byte.to_ascii_uppercase() } else { *byte }
        }));
        bytes.extend(kind.number().to_be_bytes());
        bytes.extend(INTERNET.to_be_bytes());
        Self { name: name.clone(), kind, bytes }
    }

    /// The message to be sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads the reply to it.
    ///
    /// # Errors
    /// When this is none.
    pub fn reply(&self, bytes: &[u8]) -> Result<Outcome, Unfit> {
        let question = &self.bytes[HEADER..];
        let (header, body) = bytes.split_at_checked(HEADER).ok_or(Unfit::Other)?;
        let count = |at: usize| usize::from(u16::from_be_bytes([header[at], header[at + 1]]));
        let (is_reply, opcode) = (header[2] & 0x80 != 0, header[2] >> 3 & 0xf);
        if header[..2] != self.bytes[..2] || !is_reply || opcode != 0 || count(4) != 1 {
            return Err(Unfit::Other);
        }
        let echoed = body.get(..question.len()).ok_or(Unfit::Other)?;
        if !echoed.eq_ignore_ascii_case(question) {
            return Err(Unfit::Other);
        }
        if echoed != question {
            return Err(Unfit::Capitals);
        }
        let (truncated, code) = (header[2] & 2 != 0, header[3] & 0xf);
        let mut records = Records { message: bytes, at: HEADER + question.len() };
        match code {
            _ if truncated => Ok(Outcome::Truncated),
            0 | 3 => self.outcome(&mut records, count(6), count(8), code == 3).ok_or(Unfit::Malformed),
            code => Ok(Outcome::Failed(code)),
        }
    }

    fn outcome(&self, records: &mut Records<'_>, answers: usize, authority: usize, missing: bool) -> Option<Outcome> {
        let (mut found, mut aliases) = (Vec::new(), Vec::new());
        for index in 0..answers {
            let record = records.next()?;
            if record.class != INTERNET || index >= RECORDS {
                continue;
            }
            if record.kind == self.kind.number() {
                found.push((record.name, self.kind.address(record.data)?, record.ttl));
            } else if record.kind == CNAME {
                let (target, _) = Name::parse(records.message, record.begins)?;
                aliases.push((record.name, target, record.ttl));
            }
        }
        let (mut name, mut ttl) = (&self.name, u32::MAX);
        for _ in 0..=ALIASES {
            let (mut addresses, mut least) = (Vec::new(), ttl);
            for (_, address, ttl) in found.iter().filter(|(owner, ..)| owner == name) {
                least = least.min(*ttl);
                if addresses.len() < ADDRESSES {
                    addresses.push(*address);
                }
            }
            if !addresses.is_empty() {
                return Some(Outcome::Addresses(addresses, least));
            }
            match aliases.iter().find(|(owner, ..)| owner == name) {
                Some((_, target, alias_ttl)) => {
                    name = target;
                    ttl = ttl.min(*alias_ttl);
                }
                None => {
                    let moved = *name != self.name;
                    let negative = records.negative(authority);
                    return Some(match negative {
                        // That there is nothing is for the aliases to say for no longer than they last.
                        _ if missing => Outcome::Missing(negative.map(|negative| negative.min(ttl))),
                        Some(negative) => Outcome::NoAddress(Some(negative.min(ttl))),
                        None if moved => Outcome::Alias(name.clone(), ttl),
                        None => Outcome::NoAddress(None),
                    });
                }
            }
        }
        Some(Outcome::Circle)
    }
}

/// What a name server says to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The name has these addresses, at least one, for so many seconds.
    Addresses(Vec<IpAddr>, u32),
    /// The name stands for this one, for so many seconds, of which the server says nothing.
    Alias(Name, u32),
    /// The name has no address of this kind; for so many seconds, if that may be remembered (RFC 2308, section 5).
    NoAddress(Option<u32>),
    /// The name does not exist; likewise.
    Missing(Option<u32>),
    /// The reply did not fit: the question is to be asked over TCP.
    Truncated,
    /// The aliases lead in a circle, or too far.
    Circle,
    /// The server did not do it, for the reason of this number (RFC 1035, section 4.1.1).
    Failed(u8),
}

/// Why a message is not the reply to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Another number, another question, or no reply at all.
    Other,
    /// The question is in other capitals: forged, or from a server that does not keep them.
    Capitals,
    /// It begins like the reply, but makes no sense.
    Malformed,
}

/// The records of a message, one after the other.
struct Records<'a> {
    message: &'a [u8],
    at: usize,
}

struct Record<'a> {
    name: Name,
    kind: u16,
    class: u16,
    ttl: u32,
    data: &'a [u8],
    /// Where the data begins in the message.
    begins: usize,
}

impl<'a> Records<'a> {
    fn next(&mut self) -> Option<Record<'a>> {
        let (name, at) = Name::parse(self.message, self.at)?;
        let fixed = self.message.get(at..at + 10)?;
        let &[k, i, c, l, t0, t1, t2, t3, n, m] = fixed else { return None };
        let begins = at + 10;
        let data = self.message.get(begins..begins + usize::from(u16::from_be_bytes([n, m])))?;
        self.at = begins + data.len();
        let ttl = u32::from_be_bytes([t0, t1, t2, t3]);
        // One with the highest bit set is none (RFC 2181, section 8).
        let ttl = if ttl > i32::MAX as u32 { 0 } else { ttl };
        let (kind, class) = (u16::from_be_bytes([k, i]), u16::from_be_bytes([c, l]));
        Some(Record { name, kind, class, ttl, data, begins })
    }

    /// For how many seconds it may be remembered that something is not there (RFC 2308, section 5): what the zone's SOA
    /// record says. Nothing if there is none, or if it makes no sense.
    fn negative(&mut self, authority: usize) -> Option<u32> {
        for _ in 0..authority.min(RECORDS) {
            let record = self.next()?;
            if record.kind == SOA && record.class == INTERNET {
                let minimum = record.data.last_chunk::<4>().filter(|_| record.data.len() >= 22)?;
                return Some(record.ttl.min(u32::from_be_bytes(*minimum)));
            }
        }
        None
    }
}
