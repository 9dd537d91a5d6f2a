//! The ICMPv6 messages a host sends: made in a buffer of fixed size, checksum and all.

use core::net::Ipv6Addr;

use mirage::MacAddress;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{Icmpv6Packet, Icmpv6Repr, NdiscNeighborFlags, NdiscRepr, RawHardwareAddress};

/// The protocol number of ICMPv6 (IANA).
pub const ICMPV6: u8 = 58;

/// An ICMPv6 message of at most 64 bytes.
pub struct Message {
    bytes: [u8; 64],
    length: usize,
}

impl Message {
    fn new(source: Ipv6Addr, destination: Ipv6Addr, message: &Icmpv6Repr<'_>) -> Self {
        let mut bytes = [0; 64];
        let length = message.buffer_len().min(bytes.len());
        let mut packet = Icmpv6Packet::new_unchecked(&mut bytes[..length]);
        message.emit(&source, &destination, &mut packet, &ChecksumCapabilities::default());
        Self { bytes, length }
    }

    /// A neighbour solicitation (RFC 4861 §4.3): who has `target`? From the unspecified address it asks whether anybody
    /// has (RFC 4862 §5.4), and says nothing of the sender.
    pub fn solicit(source: Ipv6Addr, destination: Ipv6Addr, target: Ipv6Addr, mac: MacAddress) -> Self {
        let lladdr = (!source.is_unspecified()).then(|| raw(mac));
        let message = NdiscRepr::NeighborSolicit { target_addr: target, lladdr };
        Self::new(source, destination, &Icmpv6Repr::Ndisc(message))
    }

    /// A neighbour advertisement (RFC 4861 §4.4): `target` is here. `solicited` says that it was asked for.
    pub fn advertise(source: Ipv6Addr, destination: Ipv6Addr, target: Ipv6Addr, mac: MacAddress, asked: bool) -> Self {
        let solicited = if asked { NdiscNeighborFlags::SOLICITED } else { NdiscNeighborFlags::empty() };
        let flags = NdiscNeighborFlags::OVERRIDE | solicited;
        let message = NdiscRepr::NeighborAdvert { flags, target_addr: target, lladdr: Some(raw(mac)) };
        Self::new(source, destination, &Icmpv6Repr::Ndisc(message))
    }

    /// A router solicitation (RFC 4861 §4.1).
    pub fn solicit_routers(source: Ipv6Addr, destination: Ipv6Addr, mac: MacAddress) -> Self {
        let message = NdiscRepr::RouterSolicit { lladdr: Some(raw(mac)) };
        Self::new(source, destination, &Icmpv6Repr::Ndisc(message))
    }

    /// A report that this node listens to a group (RFC 3810 §5.2): it excludes no source, from now on if it has `joined`.
    pub fn listens(source: Ipv6Addr, destination: Ipv6Addr, group: Ipv6Addr, joined: bool) -> Self {
        const LENGTH: usize = 28;
        // One record, CHANGE_TO_EXCLUDE_MODE or MODE_IS_EXCLUDE, without auxiliary data or sources (§5.2.12).
        let mut bytes = [0; 64];
        bytes[0] = 143;
        bytes[7] = 1;
        bytes[8] = if joined { 4 } else { 2 };
        bytes[12..LENGTH].copy_from_slice(&group.octets());
        Icmpv6Packet::new_unchecked(&mut bytes[..LENGTH]).fill_checksum(&source, &destination);
        Self { bytes, length: LENGTH }
    }

    /// The same of version 1 (RFC 2710 §3), which goes to the group itself.
    pub fn listens_v1(source: Ipv6Addr, group: Ipv6Addr) -> Self {
        const LENGTH: usize = 24;
        let mut bytes = [0; 64];
        bytes[0] = 131;
        bytes[8..LENGTH].copy_from_slice(&group.octets());
        Icmpv6Packet::new_unchecked(&mut bytes[..LENGTH]).fill_checksum(&source, &group);
        Self { bytes, length: LENGTH }
    }

    /// The message.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

fn raw(mac: MacAddress) -> RawHardwareAddress {
    RawHardwareAddress::from_bytes(&mac.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    const THERE: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 2);
    const MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);

    fn is_whole(message: &Message) -> bool {
        Icmpv6Packet::new_unchecked(message.bytes()).verify_checksum(&HERE, &THERE)
    }

    #[test]
    fn messages_are_whole_and_their_checksums_right() {
        assert!(is_whole(&Message::solicit(HERE, THERE, THERE, MAC)));
        assert!(is_whole(&Message::advertise(HERE, THERE, HERE, MAC, true)));
        assert!(is_whole(&Message::solicit_routers(HERE, THERE, MAC)));
        let report = Message::listens(HERE, THERE, THERE, true);
        assert!(is_whole(&report));
        assert!(is_whole(&Message::listens_v1(HERE, THERE)));
        assert_eq!(Message::listens(HERE, THERE, THERE, false).bytes()[8], 2, "MODE_IS_EXCLUDE");
        assert_eq!(report.bytes()[0], 143, "RFC 3810 §5.2: type");
        assert_eq!(report.bytes()[8..12], [4, 0, 0, 0], "RFC 3810 §5.2.12: CHANGE_TO_EXCLUDE_MODE, no source");
    }

    #[test]
    fn rfc_4862_5_4_2_who_asks_for_itself_does_not_say_who_it_is() {
        let message = Message::solicit(Ipv6Addr::UNSPECIFIED, THERE, HERE, MAC);
        assert_eq!(message.bytes().len(), 24);
    }
}
