//! Addresses: those an interface forms by itself, the groups it listens to, and which one to send from.

use core::net::Ipv6Addr;

use mirage::MacAddress;

/// Every node of the link (RFC 4291 §2.7.1).
pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// Every router of the link (RFC 4291 §2.7.1).
pub const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
/// Every router that listens to reports of group membership (RFC 3810 §5.2.14).
pub const ALL_MLD_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);

/// The address with this prefix and the interface identifier made from a hardware address (RFC 4291 appendix A): the
/// upper 64 bits of `prefix`, the modified EUI-64 in the lower ones.
pub fn with_identifier(prefix: Ipv6Addr, mac: MacAddress) -> Ipv6Addr {
    let [a, b, c, d, e, f] = mac.0;
    let identifier = u64::from_be_bytes([a ^ 2, b, c, 0xff, 0xfe, d, e, f]);
    Ipv6Addr::from_bits(prefix.to_bits() & !u128::from(u64::MAX) | u128::from(identifier))
}

/// The link-local address of an interface (RFC 4862 §5.3).
pub fn link_local(mac: MacAddress) -> Ipv6Addr {
    with_identifier(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), mac)
}

/// The group in which whoever has `address` is asked for its hardware address (RFC 4291 §2.7.1).
pub fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 0);
    Ipv6Addr::from_bits(group.to_bits() | address.to_bits() & 0xff_ffff)
}

/// The hardware address frames to a group have (RFC 2464 §7).
pub fn group_mac(group: Ipv6Addr) -> MacAddress {
    let [.., a, b, c, d] = group.octets();
    MacAddress([0x33, 0x33, a, b, c, d])
}

/// Whether the first `length` bits of two addresses are the same.
pub fn same_prefix(one: Ipv6Addr, other: Ipv6Addr, length: u8) -> bool {
    common_prefix(one, other) >= u32::from(length)
}

/// How many bits two addresses have in common at their beginning.
fn common_prefix(one: Ipv6Addr, other: Ipv6Addr) -> u32 {
    (one.to_bits() ^ other.to_bits()).leading_zeros()
}

/// The address to send to `destination` from (RFC 6724 §5, rules 1, 2, 3 and 8): itself, else one of the same scope, not
/// deprecated, with most in common. `candidates` says of each whether it is deprecated.
pub fn source(candidates: impl Iterator<Item = (Ipv6Addr, bool)>, destination: Ipv6Addr) -> Option<Ipv6Addr> {
    let rank = |(address, deprecated): &(Ipv6Addr, bool)| -> [u8; 5] {
        let same_scope = scope(*address) == scope(destination);
        let enough = scope(*address) >= scope(destination);
        let common = common_prefix(*address, destination).min(64) as u8;
        // What decides first stands first.
        [(*address == destination).into(), same_scope.into(), enough.into(), (!deprecated).into(), common]
    };
    candidates.max_by_key(rank).map(|(address, _)| address)
}

/// The scope of an address (RFC 4291 §2.7, RFC 6724 §3.1): 2 for a link, 14 for the world.
fn scope(address: Ipv6Addr) -> u8 {
    if address.is_multicast() {
        address.octets()[1] & 0xf
    } else if address.is_unicast_link_local() || address.is_loopback() {
        2
    } else {
        14
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Ipv6Addr {
        text.parse().unwrap()
    }

    const MAC: MacAddress = MacAddress([0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde]);

    #[test]
    fn rfc_4291_appendix_a_identifiers() {
        assert_eq!(link_local(MAC), address("fe80::3656:78ff:fe9a:bcde"));
        assert_eq!(with_identifier(address("2001:db8:1:2:ffff::"), MAC), address("2001:db8:1:2:3656:78ff:fe9a:bcde"));
    }

    #[test]
    fn rfc_4291_2_7_1_and_rfc_2464_7_groups() {
        let group = solicited_node(address("4037::1:800:200e:8c6c"));
        assert_eq!(group, address("ff02::1:ff0e:8c6c"));
        assert_eq!(group_mac(group), MacAddress([0x33, 0x33, 0xff, 0x0e, 0x8c, 0x6c]));
    }

    #[test]
    fn rfc_6724_5_source() {
        let (local, global, old) = (address("fe80::1"), address("2001:db8::1"), address("2001:db8:1::1"));
        let from = |destination: &str| {
            source([(local, false), (global, false), (old, true)].into_iter(), address(destination)).unwrap()
        };
        assert_eq!(from("fe80::2"), local, "rule 2: the scope of the destination");
        assert_eq!(from("ff02::1"), local, "rule 2: a group of the link");
        assert_eq!(from("2001:db8:2::1"), global, "rule 2");
        assert_eq!(from("2001:db8:1::2"), global, "rule 3: not one that is deprecated");
        assert_eq!(from("2001:db8:1::1"), old, "rule 1: itself");
        assert_eq!(source(core::iter::empty(), local), None);
    }
}
