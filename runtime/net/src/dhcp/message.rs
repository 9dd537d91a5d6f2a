//! DHCP messages (RFC 2131, section 2; options: RFC 2132).

use alloc::vec;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use mirage::MacAddress;
use smoltcp::wire::{DhcpFlags, DhcpMessageType, DhcpOpCode, DhcpOption, DhcpPacket, EthernetAddress};

use mirage::args::is_host;

/// The port of servers.
pub const SERVER: u16 = 67;
/// The port of clients.
pub const CLIENT: u16 = 68;
/// The longest message taken, in bytes; told to the server as the size of the whole packet.
pub const LONGEST: usize = 1472;

/// Shorter messages are padded: some relays expect BOOTP's fixed length (RFC 1542, section 2.1).
const SHORTEST: usize = 300;
const COOKIE: u32 = 0x6382_5363;
/// The most routers and the most name servers kept.
const MOST: usize = 8;

mod option {
    pub const PAD: u8 = 0;
    pub const MASK: u8 = 1;
    pub const ROUTERS: u8 = 3;
    pub const NAMESERVERS: u8 = 6;
    pub const REQUESTED: u8 = 50;
    pub const LEASE: u8 = 51;
    pub const OVERLOAD: u8 = 52;
    pub const KIND: u8 = 53;
    pub const SERVER: u8 = 54;
    pub const WANTED: u8 = 55;
    pub const TEXT: u8 = 56;
    pub const LONGEST: u8 = 57;
    pub const RENEW: u8 = 58;
    pub const REBIND: u8 = 59;
    pub const CLIENT: u8 = 61;
    pub const END: u8 = 255;
}

/// What kind of message a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Discover,
    Request,
    Decline,
}

/// What a client says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    pub kind: Kind,
    pub transaction: u32,
    /// Seconds since the client began to ask.
    pub seconds: u16,
    /// The address it has.
    pub address: Option<Ipv4Addr>,
    /// The address it would like to have.
    pub requested: Option<Ipv4Addr>,
    /// The server it has chosen.
    pub server: Option<Ipv4Addr>,
}

impl Request {
    /// The bytes of this message, from the host with this hardware address.
    pub fn emit(&self, mac: MacAddress) -> Vec<u8> {
        let mut bytes = vec![0; SHORTEST];
        let mut packet = DhcpPacket::new_unchecked(&mut bytes);
        packet.set_opcode(DhcpOpCode::Request);
        packet.set_hardware_type(smoltcp::wire::ArpHardware::Ethernet);
        packet.set_hardware_len(6);
        packet.set_transaction_id(self.transaction);
        packet.set_secs(self.seconds);
        if self.address.is_none() && self.kind != Kind::Decline {
            // Without an address, only broadcasts come in.
            packet.set_flags(DhcpFlags::BROADCAST);
        }
        packet.set_client_ip(self.address.unwrap_or(Ipv4Addr::UNSPECIFIED));
        packet.set_client_hardware_address(EthernetAddress(mac.0));
        packet.set_magic_number(COOKIE);

        let kind = match self.kind {
            Kind::Discover => DhcpMessageType::Discover,
            Kind::Request => DhcpMessageType::Request,
            Kind::Decline => DhcpMessageType::Decline,
        };
        let mut client = [1; 7];
        client[1..].copy_from_slice(&mac.0);
        let wanted = [option::MASK, option::ROUTERS, option::NAMESERVERS, option::LEASE, option::RENEW, option::REBIND];
        let longest = (LONGEST as u16 + 28).to_be_bytes();
        let (requested, server) = (self.requested.map(|a| a.octets()), self.server.map(|a| a.octets()));
        let mut options = packet.options_mut();
        let mut add = |kind, data: &[u8]| {
            // There are 60 bytes, and these are less; a writer without room would leave the rest out.
            let _ = options.emit(DhcpOption { kind, data });
        };
        add(option::KIND, &[kind.into()]);
        add(option::CLIENT, &client);
        // Whoever declines wants nothing (RFC 2131, table 5).
        if self.kind != Kind::Decline {
            add(option::LONGEST, &longest);
            add(option::WANTED, &wanted);
        }
        if let Some(requested) = &requested {
            add(option::REQUESTED, requested);
        }
        if let Some(server) = &server {
            add(option::SERVER, server);
        }
        let _ = options.end();
        bytes
    }
}

/// What kind of reply a server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Offer,
    Acknowledged,
    Refused,
}

/// What a server says. The addresses of an offer and of an acknowledgement are those of hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub kind: Answer,
    pub transaction: u32,
    /// The address for this host; 0.0.0.0 when refused.
    pub address: Ipv4Addr,
    pub prefix: u8,
    pub server: Option<Ipv4Addr>,
    pub routers: Vec<Ipv4Addr>,
    pub nameservers: Vec<Ipv4Addr>,
    /// In seconds, as what follows.
    pub lease: Option<u32>,
    pub renew: Option<u32>,
    pub rebind: Option<u32>,
    /// Why it was refused, in the server's words, as far as they are printable.
    pub text: Vec<u8>,
}

impl Reply {
    /// Reads a reply to the host with this hardware address; nothing if it is for somebody else or makes no sense.
    pub fn parse(bytes: &[u8], mac: MacAddress) -> Option<Self> {
        let packet = DhcpPacket::new_checked(bytes).ok()?;
        let ethernet = packet.hardware_type() == smoltcp::wire::ArpHardware::Ethernet && packet.hardware_len() == 6;
        let ours = packet.client_hardware_address() == EthernetAddress(mac.0);
        if packet.opcode() != DhcpOpCode::Reply || !ethernet || !ours || packet.magic_number() != COOKIE {
            return None;
        }
        let mut read = Read::default();
        let overload = read.options(&bytes[240..])?;
        // The fields of BOOTP's file and server names may hold more options (RFC 2132, section 9.3).
        if overload & 1 != 0 {
            read.options(&bytes[108..236])?;
        }
        if overload & 2 != 0 {
            read.options(&bytes[44..108])?;
        }
        let kind = match DhcpMessageType::from(read.kind?) {
            DhcpMessageType::Offer => Answer::Offer,
            DhcpMessageType::Ack => Answer::Acknowledged,
            DhcpMessageType::Nak => Answer::Refused,
            _ => return None,
        };
        let address = packet.your_ip();
        if kind != Answer::Refused && !is_host(address) {
            return None;
        }
        let prefix = match read.mask {
            Some(mask) => prefix(mask)?,
            None => class(address),
        };
        let transaction = packet.transaction_id();
        let Read { server, routers, nameservers, lease, renew, rebind, text, .. } = read;
        Some(Self { kind, transaction, address, prefix, server, routers, nameservers, lease, renew, rebind, text })
    }
}

/// The options read so far.
#[derive(Default)]
struct Read {
    kind: Option<u8>,
    mask: Option<u32>,
    server: Option<Ipv4Addr>,
    routers: Vec<Ipv4Addr>,
    nameservers: Vec<Ipv4Addr>,
    lease: Option<u32>,
    renew: Option<u32>,
    rebind: Option<u32>,
    text: Vec<u8>,
}

impl Read {
    /// Reads the options of one field; returns which others hold options besides. Nothing if they run over its end.
    fn options(&mut self, mut field: &[u8]) -> Option<u8> {
        let mut overload = 0;
        loop {
            let (kind, data) = match *field {
                [] | [option::END, ..] => return Some(overload),
                [option::PAD, ref rest @ ..] => {
                    field = rest;
                    continue;
                }
                [kind, length, ref rest @ ..] => {
                    let (data, rest) = rest.split_at_checked(length.into())?;
                    field = rest;
                    (kind, data)
                }
                [_] => return None,
            };
            let number = || Some(u32::from_be_bytes(data.try_into().ok()?));
            match kind {
                option::KIND => self.kind = data.first().copied(),
                option::MASK => self.mask = number(),
                option::SERVER => self.server = number().map(Ipv4Addr::from_bits).filter(|&server| is_host(server)),
                option::ROUTERS => add(&mut self.routers, data),
                option::NAMESERVERS => add(&mut self.nameservers, data),
                option::LEASE => self.lease = number(),
                option::RENEW => self.renew = number(),
                option::REBIND => self.rebind = number(),
                option::OVERLOAD => overload = data.first().copied().unwrap_or(0),
                // It will be logged.
                option::TEXT => {
                    self.text = data.iter().copied().filter(|byte| (b' '..=b'~').contains(byte)).collect();
                }
                _ => {}
            }
        }
    }
}

/// Adds the addresses of hosts in `data` to those there are.
fn add(addresses: &mut Vec<Ipv4Addr>, data: &[u8]) {
    for &octets in data.as_chunks::<4>().0 {
        let address = Ipv4Addr::from_octets(octets);
        if addresses.len() < MOST && is_host(address) && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
}

/// The length of a prefix given as a mask; nothing if the mask has holes or is empty.
fn prefix(mask: u32) -> Option<u8> {
    let ones = mask.leading_ones();
    (ones > 0 && ones + mask.trailing_zeros().min(32) == 32).then_some(ones as u8)
}

/// The length of the prefix of an address's class, for servers that give no mask.
fn class(address: Ipv4Addr) -> u8 {
    match address.octets()[0] {
        0..128 => 8,
        128..192 => 16,
        _ => 24,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_prefixes() {
        assert_eq!(prefix(0xffff_ff00), Some(24));
        assert_eq!(prefix(0xffff_ffff), Some(32));
        assert_eq!(prefix(0x8000_0000), Some(1));
        for wrong in [0, 1, 0xff00_ff00, 0x0000_ffff] {
            assert_eq!(prefix(wrong), None, "{wrong:x}");
        }
    }
}
