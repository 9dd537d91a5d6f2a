//! What a DHCP server knows and says (RFC 2131): messages in, messages out.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use mirage::args::Ipv4Network;

/// The length of what comes before the options, with the four bytes that say that there are any (RFC 2131, section 2;
/// RFC 2132, section 2).
const HEADER: usize = 240;
const COOKIE: [u8; 4] = [99, 130, 83, 99];

/// Types of messages (RFC 2132, section 9.6).
const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const DECLINE: u8 = 4;
const ACKNOWLEDGE: u8 = 5;
const REFUSE: u8 = 6;
const RELEASE: u8 = 7;

/// A host, by its hardware address.
type Host = [u8; 6];

/// Who has which address.
pub struct Leases {
    network: Ipv4Network,
    /// How long a lease lasts, in seconds.
    pub seconds: u32,
    offered: BTreeMap<Host, Ipv4Addr>,
    leased: BTreeMap<Host, Ipv4Addr>,
    /// Those that were declined: somebody has them whom nobody leased them to.
    taken: Vec<Ipv4Addr>,
}

impl Leases {
    /// None yet, of the addresses of `network`.
    pub fn new(network: Ipv4Network) -> Self {
        let (offered, leased, taken) = Default::default();
        Self { network, seconds: 3600, offered, leased, taken }
    }

    /// The addresses that are leased.
    pub fn leased(&self) -> Vec<Ipv4Addr> {
        self.leased.values().copied().collect()
    }

    /// The addresses that were declined.
    pub fn declined(&self) -> Vec<Ipv4Addr> {
        self.taken.clone()
    }

    /// What is answered to a message, and the client's own address if it has one already.
    pub fn answer(&mut self, message: &[u8]) -> Option<(Ipv4Addr, Vec<u8>)> {
        let header = message.first_chunk::<HEADER>().filter(|header| header[236..] == COOKIE && header[0] == 1)?;
        let host = Host::try_from(&header[28..34]).ok()?;
        let own = address(&header[12..16])?;
        let option = |code| option(&message[HEADER..], code);
        let wanted = option(50).and_then(address);
        let kind = match *option(53)?.first()? {
            DISCOVER => {
                let offer = self.offer(host, wanted)?;
                self.offered.insert(host, offer);
                return Some((own, self.reply(header, OFFER, offer)));
            }
            // To another server: what was offered here is not wanted.
            REQUEST if option(54).and_then(address).is_some_and(|server| server != self.network.address) => {
                self.offered.remove(&host);
                return None;
            }
            REQUEST => {
                let wanted = wanted.unwrap_or(own);
                let may = [self.offered.get(&host), self.leased.get(&host)].contains(&Some(&wanted));
                if may {
                    self.offered.remove(&host);
                    self.leased.insert(host, wanted);
                }
                let kind = if may { ACKNOWLEDGE } else { REFUSE };
                return Some((own, self.reply(header, kind, wanted)));
            }
            kind => kind,
        };
        if kind == DECLINE || kind == RELEASE {
            self.leased.remove(&host);
        }
        if kind == DECLINE {
            self.taken.extend(wanted);
        }
        None
    }

    /// The address for a host: the one it has, or wants, or the next from the tenth of the network on.
    fn offer(&self, host: Host, wanted: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        let mask = u32::MAX.checked_shl(32 - u32::from(self.network.prefix)).unwrap_or(0);
        let first = self.network.address.to_bits() & mask;
        let pool = (first.saturating_add(10)..first | !mask).map(Ipv4Addr::from_bits);
        let others = || self.leased.iter().chain(&self.offered).filter(|&(&other, _)| other != host);
        let is_free = |&candidate: &Ipv4Addr| {
            candidate != self.network.address
                && !self.taken.contains(&candidate)
                && others().all(|(_, &address)| address != candidate)
        };
        let before = self.leased.get(&host).or(self.offered.get(&host)).copied();
        let wanted = wanted.filter(|&wanted| self.network.contains(wanted));
        before.into_iter().chain(wanted).chain(pool).find(is_free)
    }

    fn reply(&self, request: &[u8; HEADER], kind: u8, yours: Ipv4Addr) -> Vec<u8> {
        let mut reply = request.to_vec();
        reply[0] = 2;
        reply[8..10].fill(0);
        let yours = if kind == REFUSE { Ipv4Addr::UNSPECIFIED } else { yours };
        reply[16..20].copy_from_slice(&yours.octets());
        let server = self.network.address.octets();
        let mask = u32::MAX.checked_shl(32 - u32::from(self.network.prefix)).unwrap_or(0).to_be_bytes();
        let mut option = |code: u8, value: &[u8]| {
            reply.extend([code, value.len() as u8]);
            reply.extend(value);
        };
        option(53, &[kind]);
        option(54, &server);
        if kind != REFUSE {
            option(51, &self.seconds.to_be_bytes());
            option(1, &mask);
            option(3, &server);
            option(6, &server);
        }
        reply.push(255);
        reply
    }
}

fn address(bytes: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(bytes).ok().map(Ipv4Addr::from)
}

/// The value of an option (RFC 2132, section 2).
fn option(mut options: &[u8], wanted: u8) -> Option<&[u8]> {
    loop {
        match *options {
            [0, ref rest @ ..] => options = rest,
            [code, length, ref rest @ ..] if code != 255 => {
                let (value, rest) = rest.split_at_checked(length.into())?;
                if code == wanted {
                    return Some(value);
                }
                options = rest;
            }
            _ => return None,
        }
    }
}
