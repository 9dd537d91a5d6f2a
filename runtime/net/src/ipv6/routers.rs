//! What routers of the link say (RFC 4861 §6.3, RFC 4862 §5.5): where to send, which addresses to form, who resolves
//! names. Bounded, whatever they say.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use mirage::MacAddress;
use mirage::time::Instant;
use smoltcp::wire::{NdiscOption, NdiscOptionType, NdiscPrefixInfoFlags};

use super::address::{same_prefix, with_identifier};

/// The most routers, prefixes and name servers remembered.
const MOST: usize = 8;

/// RFC 4862 §5.5.3 (e): a lifetime cannot be cut below this by a message nobody has signed.
const TWO_HOURS: Duration = Duration::from_secs(2 * 60 * 60);

/// The least MTU a link may have (RFC 8200 §5).
pub const LEAST_MTU: u16 = 1280;

/// What is known from router advertisements.
#[derive(Default)]
pub struct Routers {
    routers: Vec<(Ipv6Addr, Instant)>,
    prefixes: Vec<Prefix>,
    nameservers: Vec<(Ipv6Addr, Instant)>,
    mtu: Option<u16>,
}

/// A prefix of the link.
struct Prefix {
    prefix: Ipv6Addr,
    length: u8,
    /// Until when addresses of it are neighbours.
    on_link: Option<Instant>,
    /// The address formed from it, until when new connections use it, and until when it is one at all.
    address: Option<(Ipv6Addr, Instant, Instant)>,
}

/// A moment so far away that it is never.
fn after(now: Instant, seconds: u64) -> Instant {
    // All ones mean for ever (RFC 4861 §4.6.2).
    if seconds >= u64::from(u32::MAX) { now + Duration::MAX } else { now + Duration::from_secs(seconds) }
}

impl Routers {
    /// Takes a router advertisement: what follows its ICMPv6 header's first four bytes. Returns an address newly formed,
    /// if one is.
    pub fn advertised(&mut self, from: Ipv6Addr, body: &[u8], mac: MacAddress, now: Instant) -> Vec<Ipv6Addr> {
        let mut formed = Vec::new();
        let (Some(&[_, _, high, low]), Some(mut options)) = (body.first_chunk::<4>(), body.get(12..)) else {
            return formed;
        };
        let lifetime = u64::from(u16::from_be_bytes([high, low]));
        remember(&mut self.routers, from, (lifetime > 0).then(|| after(now, lifetime)), now);
        while let Ok(option) = NdiscOption::new_checked(options) {
            let length = usize::from(option.data_len()) * 8;
            // RFC 4861 §4.6: an option without a length makes the message invalid.
            if length == 0 || length > options.len() {
                break;
            }
            match option.option_type() {
                NdiscOptionType::PrefixInformation => formed.extend(self.prefix(&option, mac, now)),
                NdiscOptionType::Mtu if length == 8 => {
                    self.mtu = u16::try_from(option.mtu()).ok().filter(|&mtu| mtu >= LEAST_MTU).or(self.mtu);
                }
                // Recursive DNS servers (RFC 8106 §5.1).
                NdiscOptionType::Unknown(25) if length >= 24 => self.rdnss(&options[..length], now),
                _ => {}
            }
            options = &options[length..];
        }
        formed
    }

    fn rdnss(&mut self, option: &[u8], now: Instant) {
        let Some(&[.., a, b, c, d]) = option.first_chunk::<8>() else { return };
        let lifetime = u64::from(u32::from_be_bytes([a, b, c, d]));
        for address in option[8..].as_chunks::<16>().0 {
            let until = (lifetime > 0).then(|| after(now, lifetime));
            remember(&mut self.nameservers, Ipv6Addr::from(*address), until, now);
        }
    }

    fn prefix(&mut self, option: &NdiscOption<&[u8]>, mac: MacAddress, now: Instant) -> Option<Ipv6Addr> {
        let (prefix, length, flags) = (option.prefix(), option.prefix_len(), option.prefix_flags());
        if prefix.is_unicast_link_local() || prefix.is_multicast() || length > 128 {
            return None;
        }
        let valid_for = option.valid_lifetime().secs();
        let preferred_for = option.preferred_lifetime().secs();
        let index = match self.prefixes.iter().position(|known| known.prefix == prefix && known.length == length) {
            Some(index) => index,
            None if valid_for == 0 || self.prefixes.len() == MOST => return None,
            None => {
                self.prefixes.push(Prefix { prefix, length, on_link: None, address: None });
                self.prefixes.len() - 1
            }
        };
        let known = &mut self.prefixes[index];
        if flags.contains(NdiscPrefixInfoFlags::ON_LINK) {
            known.on_link = (valid_for > 0).then(|| after(now, valid_for));
        }
        // RFC 4862 §5.5.3: only where an identifier of 64 bits fits, and never preferred for longer than valid.
        if !flags.contains(NdiscPrefixInfoFlags::ADDRCONF) || length != 64 || preferred_for > valid_for {
            return None;
        }
        let (preferred, valid) = (after(now, preferred_for), after(now, valid_for));
        match &mut known.address {
            Some((_, preferred_until, valid_until)) => {
                *preferred_until = preferred;
                let left = valid_until.since(now);
                if Duration::from_secs(valid_for) > TWO_HOURS || valid > *valid_until {
                    *valid_until = valid;
                } else if left > TWO_HOURS {
                    *valid_until = now + TWO_HOURS;
                }
                None
            }
            none if valid_for > 0 => {
                let address = with_identifier(prefix, mac);
                *none = Some((address, preferred, valid));
                Some(address)
            }
            _ => None,
        }
    }

    /// The addresses formed, and whether each is deprecated.
    pub fn addresses(&self, now: Instant) -> impl Iterator<Item = (Ipv6Addr, bool)> {
        let formed = self.prefixes.iter().filter_map(|prefix| prefix.address);
        formed.filter(move |&(.., valid)| valid > now).map(move |(address, preferred, _)| (address, preferred <= now))
    }

    /// Gives up the address, which somebody else has.
    pub fn lose(&mut self, address: Ipv6Addr) {
        let has = |prefix: &&mut Prefix| prefix.address.is_some_and(|(formed, ..)| formed == address);
        if let Some(prefix) = self.prefixes.iter_mut().find(has) {
            prefix.address = None;
        }
    }

    /// By how many bits `destination` is a neighbour, if it is by a prefix of the link.
    pub fn on_link(&self, destination: Ipv6Addr, now: Instant) -> Option<u8> {
        let holds = |prefix: &&Prefix| {
            prefix.on_link.is_some_and(|until| until > now) && same_prefix(prefix.prefix, destination, prefix.length)
        };
        self.prefixes.iter().filter(holds).map(|prefix| prefix.length).max()
    }

    /// The router to send to.
    pub fn router(&self, now: Instant) -> Option<Ipv6Addr> {
        self.routers.iter().find(|&&(_, until)| until > now).map(|&(router, _)| router)
    }

    /// The name servers.
    pub fn nameservers(&self, now: Instant) -> Vec<IpAddr> {
        self.nameservers.iter().filter(|&&(_, until)| until > now).map(|&(server, _)| server.into()).collect()
    }

    /// The MTU of the link, if a router says so.
    pub fn mtu(&self) -> Option<u16> {
        self.mtu
    }
}

/// Puts an address on a list until a moment, or takes it from there.
fn remember(list: &mut Vec<(Ipv6Addr, Instant)>, address: Ipv6Addr, until: Option<Instant>, now: Instant) {
    list.retain(|&(known, until)| known != address && until > now);
    if let Some(until) = until
        && list.len() < MOST
    {
        list.push((address, until));
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
    const ROUTER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    /// An advertisement of a router for so many seconds, with options.
    fn advertisement(lifetime: u16, options: &[&[u8]]) -> Vec<u8> {
        let [high, low] = lifetime.to_be_bytes();
        let mut body = vec![64, 0, high, low, 0, 0, 0, 0, 0, 0, 0, 0];
        options.iter().for_each(|option| body.extend_from_slice(option));
        body
    }

    /// The prefix 2001:db8::/64, on link and to form addresses from.
    fn prefix(valid: u32, preferred: u32) -> Vec<u8> {
        let mut option = vec![3, 4, 64, 0xc0];
        option.extend(valid.to_be_bytes());
        option.extend(preferred.to_be_bytes());
        option.extend([0; 4]);
        option.extend("2001:db8::".parse::<Ipv6Addr>().unwrap().octets());
        option
    }

    #[test]
    fn rfc_4861_6_3_4_a_router_and_its_end() {
        let mut routers = Routers::default();
        routers.advertised(ROUTER, &advertisement(30, &[]), MAC, at(0));
        assert_eq!(routers.router(at(29)), Some(ROUTER));
        assert_eq!(routers.router(at(30)), None);
        routers.advertised(ROUTER, &advertisement(30, &[]), MAC, at(40));
        routers.advertised(ROUTER, &advertisement(0, &[]), MAC, at(41));
        assert_eq!(routers.router(at(41)), None, "a lifetime of zero ends it at once");
    }

    #[test]
    fn rfc_4862_5_5_3_addresses_and_their_lifetimes() {
        let mut routers = Routers::default();
        let formed = routers.advertised(ROUTER, &advertisement(30, &[&prefix(100, 50)]), MAC, at(0));
        assert_eq!(formed, ["2001:db8::ff:fe00:1".parse::<Ipv6Addr>().unwrap()]);
        assert_eq!(routers.on_link("2001:db8::2".parse().unwrap(), at(99)), Some(64));
        assert_eq!(routers.on_link("2001:db8:1::2".parse().unwrap(), at(99)), None);
        assert_eq!(routers.addresses(at(49)).next(), Some((formed[0], false)));
        assert_eq!(routers.addresses(at(50)).next(), Some((formed[0], true)), "deprecated");
        assert_eq!(routers.addresses(at(100)).next(), None);
    }

    #[test]
    fn rfc_4862_5_5_3_e_a_lifetime_is_not_cut_short_by_anybody() {
        let mut routers = Routers::default();
        routers.advertised(ROUTER, &advertisement(30, &[&prefix(86_400, 86_400)]), MAC, at(0));
        routers.advertised(ROUTER, &advertisement(30, &[&prefix(1, 1)]), MAC, at(1));
        assert_eq!(routers.addresses(at(7200)).count(), 1, "two hours are left");
        assert_eq!(routers.addresses(at(7202)).count(), 0);
    }

    #[test]
    fn rfc_8106_5_1_and_rfc_4861_4_6_4_name_servers_and_mtu() {
        let mut routers = Routers::default();
        let server: Ipv6Addr = "2001:db8::53".parse().unwrap();
        let rdnss = [&[25, 3, 0, 0, 0, 0, 0, 60][..], &server.octets()].concat();
        let mtu = |mtu: u32| [&[5, 1, 0, 0][..], &mtu.to_be_bytes()].concat();
        routers.advertised(ROUTER, &advertisement(0, &[&rdnss, &mtu(1400)]), MAC, at(0));
        assert_eq!(routers.nameservers(at(1)), [server]);
        assert!(routers.nameservers(at(60)).is_empty());
        assert_eq!(routers.mtu(), Some(1400));
        routers.advertised(ROUTER, &advertisement(0, &[&mtu(600)]), MAC, at(2));
        assert_eq!(routers.mtu(), Some(1400), "less than any link may have");
    }

    #[test]
    fn what_is_malformed_or_too_much_is_left() {
        let mut routers = Routers::default();
        assert!(routers.advertised(ROUTER, &[], MAC, at(0)).is_empty());
        assert!(routers.advertised(ROUTER, &advertisement(1, &[&[3, 0]]), MAC, at(0)).is_empty());
        assert!(routers.advertised(ROUTER, &advertisement(1, &[&prefix(9, 9)[..20]]), MAC, at(0)).is_empty());
        for last in 0..100 {
            let router = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last);
            routers.advertised(router, &advertisement(30, &[]), MAC, at(0));
        }
        assert_eq!(routers.routers.len(), MOST);
    }
}
