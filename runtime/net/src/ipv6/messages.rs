//! The ICMPv6 messages a host sends: made in a buffer of fixed size, checksum and all.

use core::net::Ipv6Addr;

use mirage::MacAddress;
use smoltcp::wire::Icmpv6Packet;

use super::discovery::{ADVERTISEMENT, ROUTER_SOLICITATION, SOLICITATION, SOURCE_MAC, TARGET_MAC};
use super::listeners::{REPORT_V1, REPORT_V2};

/// The protocol number of ICMPv6 (IANA).
pub const ICMPV6: u8 = 58;

/// What a neighbour advertisement says of itself (RFC 4861 §4.4): that it was asked for, and that it is the latest word.
pub const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;

/// An ICMPv6 message of at most 32 bytes.
pub struct Message {
    bytes: [u8; 32],
    length: usize,
}

impl Message {
    /// A message between these two: a type, the four bytes behind the checksum, and what follows them.
    fn new(way: (Ipv6Addr, Ipv6Addr), kind: u8, field: [u8; 4], parts: [&[u8]; 2]) -> Self {
        let mut bytes = [0; 32];
        bytes[0] = kind;
        bytes[4..8].copy_from_slice(&field);
        let mut length = 8;
        for part in parts {
            bytes[length..][..part.len()].copy_from_slice(part);
            length += part.len();
        }
        Icmpv6Packet::new_unchecked(&mut bytes[..length]).fill_checksum(&way.0, &way.1);
        Self { bytes, length }
    }

    /// A neighbour solicitation (RFC 4861 §4.3): who has `target`? From the unspecified address it asks whether anybody
    /// has (RFC 4862 §5.4), and says nothing of the sender.
    pub fn solicit(source: Ipv6Addr, destination: Ipv6Addr, target: Ipv6Addr, mac: MacAddress) -> Self {
        let option = option(SOURCE_MAC, mac);
        let sender: &[u8] = if source.is_unspecified() { &[] } else { &option };
        Self::new((source, destination), SOLICITATION, [0; 4], [&target.octets(), sender])
    }

    /// A neighbour advertisement (RFC 4861 §4.4): `target` is here. `asked` says that it was asked for.
    pub fn advertise(source: Ipv6Addr, destination: Ipv6Addr, target: Ipv6Addr, mac: MacAddress, asked: bool) -> Self {
        let flags = OVERRIDE | if asked { SOLICITED } else { 0 };
        let parts = [&target.octets()[..], &option(TARGET_MAC, mac)];
        Self::new((source, destination), ADVERTISEMENT, [flags, 0, 0, 0], parts)
    }

    /// A router solicitation (RFC 4861 §4.1).
    pub fn solicit_routers(source: Ipv6Addr, destination: Ipv6Addr, mac: MacAddress) -> Self {
        Self::new((source, destination), ROUTER_SOLICITATION, [0; 4], [&option(SOURCE_MAC, mac), &[]])
    }

    /// A report that this node listens to a group (RFC 3810 §5.2): it excludes no source, from now on if it has `joined`.
    pub fn listens(source: Ipv6Addr, destination: Ipv6Addr, group: Ipv6Addr, joined: bool) -> Self {
        // One record, CHANGE_TO_EXCLUDE_MODE or MODE_IS_EXCLUDE, without auxiliary data or sources (§5.2.12).
        let record = [if joined { 4 } else { 2 }, 0, 0, 0];
        Self::new((source, destination), REPORT_V2, [0, 0, 0, 1], [&record, &group.octets()])
    }

    /// The same of version 1 (RFC 2710 §3), which goes to the group itself.
    pub fn listens_v1(source: Ipv6Addr, group: Ipv6Addr) -> Self {
        Self::new((source, group), REPORT_V1, [0; 4], [&group.octets(), &[]])
    }

    /// The message.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// An option that tells a hardware address (RFC 4861 §4.6.1), of one unit of eight bytes.
fn option(kind: u8, mac: MacAddress) -> [u8; 8] {
    let [a, b, c, d, e, f] = mac.0;
    [kind, 1, a, b, c, d, e, f]
}

#[cfg(test)]
mod tests {
    use smoltcp::phy::ChecksumCapabilities;
    use smoltcp::wire::{Icmpv6Repr, NdiscNeighborFlags, NdiscRepr, RawHardwareAddress};

    use super::*;

    const HERE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    const THERE: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 2);
    const MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);

    fn is_whole(message: &Message) -> bool {
        Icmpv6Packet::new_unchecked(message.bytes()).verify_checksum(&HERE, &THERE)
    }

    /// What another parser makes of a message, its checksum looked at.
    fn read(message: &Message) -> Icmpv6Repr<'_> {
        let packet = Icmpv6Packet::new_checked(message.bytes()).unwrap();
        Icmpv6Repr::parse(&HERE, &THERE, &packet, &ChecksumCapabilities::default()).unwrap()
    }

    #[test]
    fn another_parser_reads_what_is_meant() {
        let lladdr = Some(RawHardwareAddress::from_bytes(&MAC.0));
        let said = NdiscRepr::NeighborSolicit { target_addr: THERE, lladdr };
        assert_eq!(read(&Message::solicit(HERE, THERE, THERE, MAC)), Icmpv6Repr::Ndisc(said));
        for (asked, solicited) in [(true, NdiscNeighborFlags::SOLICITED), (false, NdiscNeighborFlags::empty())] {
            let flags = NdiscNeighborFlags::OVERRIDE | solicited;
            let said = NdiscRepr::NeighborAdvert { flags, target_addr: HERE, lladdr };
            assert_eq!(read(&Message::advertise(HERE, THERE, HERE, MAC, asked)), Icmpv6Repr::Ndisc(said));
        }
        let said = NdiscRepr::RouterSolicit { lladdr };
        assert_eq!(read(&Message::solicit_routers(HERE, THERE, MAC)), Icmpv6Repr::Ndisc(said));
    }

    #[test]
    fn reports_are_whole_and_their_checksums_right() {
        let report = Message::listens(HERE, THERE, THERE, true);
        assert!(is_whole(&report));
        assert!(is_whole(&Message::listens_v1(HERE, THERE)));
        assert_eq!(Message::listens(HERE, THERE, THERE, false).bytes()[8], 2, "MODE_IS_EXCLUDE");
        assert_eq!(report.bytes()[0], 143, "RFC 3810 §5.2: type");
        assert_eq!(report.bytes()[7], 1, "RFC 3810 §5.2: one record");
        assert_eq!(report.bytes()[8..12], [4, 0, 0, 0], "RFC 3810 §5.2.12: CHANGE_TO_EXCLUDE_MODE, no source");
        assert_eq!((&report.bytes()[12..], report.bytes().len()), (&THERE.octets()[..], 28));
    }

    #[test]
    fn rfc_4862_5_4_2_who_asks_for_itself_does_not_say_who_it_is() {
        let message = Message::solicit(Ipv6Addr::UNSPECIFIED, THERE, HERE, MAC);
        assert_eq!(message.bytes().len(), 24);
    }
}
