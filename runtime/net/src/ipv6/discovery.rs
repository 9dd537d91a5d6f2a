//! Neighbour discovery (RFC 4861): who is where on the link, which routers there are, and whether an address is free.

use core::net::Ipv6Addr;
use core::time::Duration;

use mirage::time::Instant;
use mirage::{Clock, Ethernet, MacAddress, Offload, Why};

use super::address::{ALL_NODES, ALL_ROUTERS, group_mac, link_local, solicited_node};
use super::input::Arrival;
use super::layer::Shared;
use super::messages::{ICMPV6, Message, SOLICITED};
use super::output::emit;
use crate::due::earliest;
use crate::ethernet::ethertype;
use crate::neighbours::Held;

/// Types of messages (RFC 4861 §4).
pub const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
pub const SOLICITATION: u8 = 135;
pub const ADVERTISEMENT: u8 = 136;
const REDIRECT: u8 = 137;

/// Types of options (RFC 4861 §4.6).
pub const SOURCE_MAC: u8 = 1;
pub const TARGET_MAC: u8 = 2;

/// Where the options of a neighbour's message begin, and those of a router's.
const OPTIONS: usize = 24;
const ROUTER_OPTIONS: usize = 16;

/// What no router passes on has the largest hop limit (RFC 4861 §3.1).
const ON_LINK: u8 = 255;

/// How often routers are asked for, and how far apart (RFC 4861 §10).
const SOLICITATIONS: u8 = 3;
const SOLICITATION_INTERVAL: Duration = Duration::from_secs(4);

/// How routers are asked for.
#[derive(Clone, Copy, Default)]
pub struct Soliciting {
    asked: u8,
    next: Instant,
    heard: bool,
}

impl<E: Ethernet, C: Clock> Shared<E, C> {
    /// A message has come that may be of neighbour discovery. One that a router passed on is not (RFC 4861 §7.1, §6.1).
    pub(super) fn discovery(&self, arrival: &Arrival, message: &[u8]) {
        let (Some(&[kind, 0]), ON_LINK) = (message.first_chunk::<2>(), arrival.hops) else { return };
        match kind {
            ROUTER_ADVERTISEMENT => self.router(arrival, message),
            REDIRECT => self.redirected(arrival, message),
            SOLICITATION | ADVERTISEMENT => {
                let (Some(target), Some(options)) = (message.get(8..OPTIONS), message.get(OPTIONS..)) else { return };
                let Ok(target) = <[u8; 16]>::try_from(target).map(Ipv6Addr::from) else { return };
                let wanted = if kind == SOLICITATION { SOURCE_MAC } else { TARGET_MAC };
                let Some(mac) = hardware_address(options, wanted) else { return };
                if target.is_multicast() {
                } else if kind == SOLICITATION {
                    self.solicited(arrival, target, mac);
                } else {
                    let solicited = message[4] & SOLICITED != 0;
                    self.advertised(arrival, target, mac, solicited);
                }
            }
            _ => {}
        }
    }

    /// Somebody asks who has `target` (RFC 4861 §7.2.3), or whether it is free (RFC 4862 §5.4.3).
    fn solicited(&self, arrival: &Arrival, target: Ipv6Addr, mac: Option<MacAddress>) {
        let &Arrival { source, destination, now, .. } = arrival;
        let for_us = self.is_own(target);
        let here = self.ethernet.mac();
        if source.is_unspecified() {
            // RFC 4861 §7.1.1: such a question is to the group, and does not say who asks.
            if !for_us || destination != solicited_node(target) || mac.is_some() {
                return;
            }
            if self.is_tentative(target) {
                // Both want it and neither has it yet.
                return self.lose(target, arrival.mac);
            }
            let message = Message::advertise(target, ALL_NODES, target, here, false);
            return self.tell(group_mac(ALL_NODES), target, ALL_NODES, &message);
        }
        if self.is_own(source) {
            return;
        }
        if let Some(mac) = mac {
            self.learn(source, mac, for_us, now);
        }
        if for_us {
            let message = Message::advertise(target, source, target, here, true);
            self.tell(mac.unwrap_or(arrival.mac), target, source, &message);
        }
    }

    /// Somebody says that `target` is theirs (RFC 4861 §7.2.5).
    fn advertised(&self, arrival: &Arrival, target: Ipv6Addr, mac: Option<MacAddress>, solicited: bool) {
        // RFC 4861 §7.1.2: nobody was asked by everybody.
        if solicited && arrival.destination.is_multicast() {
            return;
        }
        if self.is_own(target) {
            // RFC 4862 §5.4.4. Once it is ours, it is not lost by a message nobody has signed.
            if self.is_tentative(target) {
                self.lose(target, mac.unwrap_or(arrival.mac));
            }
        } else if let Some(mac) = mac {
            self.learn(target, mac, false, arrival.now);
        }
    }

    /// Gives up an address that somebody else has.
    fn lose(&self, address: Ipv6Addr, to: MacAddress) {
        log::error!("{address} is the address of {to}, and not used here: give one of the two another");
        self.own.borrow_mut().remove(address);
        self.routers.borrow_mut().lose(address);
        if self.fixed.get().is_some_and(|fixed| fixed.address == address) {
            self.fixed.set(None);
        }
    }

    /// A router has said something (RFC 4861 §6.1.2, §6.3.4).
    fn router(&self, arrival: &Arrival, message: &[u8]) {
        let &Arrival { source, now, .. } = arrival;
        let Some(options) = message.get(ROUTER_OPTIONS..).filter(|_| source.is_unicast_link_local()) else { return };
        let Some(mac) = hardware_address(options, SOURCE_MAC) else { return };
        let formed = self.routers.borrow_mut().advertised(source, &message[4..], self.ethernet.mac(), now);
        formed.into_iter().for_each(|address| self.own.borrow_mut().add(address));
        self.soliciting.set(Soliciting { heard: true, ..self.soliciting.get() });
        if let Some(mac) = mac {
            self.learn(source, mac, true, now);
        }
        self.ethernet.wake();
    }

    pub(super) fn learn(&self, address: Ipv6Addr, mac: MacAddress, new: bool, now: Instant) {
        // No group has an address of its own, and nobody else speaks for this interface.
        if mac.is_group() || mac == self.ethernet.mac() {
            return;
        }
        let held = self.neighbours.borrow_mut().learn(address.into(), mac, new, now);
        for Held { packet, offload } in held {
            // What finds no room now is lost, as it might be anywhere on its way.
            let _ = self.ethernet.send(mac, ethertype::IPV6, &[&packet], offload);
        }
    }

    /// Sends what is due; returns when there is more.
    pub(super) fn discover(&self, now: Instant) -> Option<Instant> {
        let (new, claimed) = {
            let (mut own, routers, fixed) = (self.own.borrow_mut(), self.routers.borrow(), self.fixed.get());
            let local = link_local(self.ethernet.mac());
            let is_formed = |address| routers.addresses(now).any(|(formed, _)| formed == address);
            own.retain(|address| {
                address == local || fixed.is_some_and(|fixed| fixed.address == address) || is_formed(address)
            });
            own.poll(now)
        };
        for address in new {
            self.join(solicited_node(address), now);
            self.ask(Ipv6Addr::UNSPECIFIED, address, None);
        }
        let (asked, ask) = self.neighbours.borrow_mut().poll(now);
        let given_up = self.neighbours.borrow_mut().given_up();
        for packet in given_up {
            self.report(&packet, now, &|_| Why::Unreachable);
        }
        for (address, mac) in asked {
            let address = Ipv6Addr::from_bits(address);
            if let Some(source) = self.nearest(address) {
                self.ask(source, address, mac);
            }
        }
        earliest(&[claimed, ask, self.solicit_routers(now), self.report_groups(now)])
    }

    /// Asks for routers, until one is heard or there seem to be none (RFC 4861 §6.3.7).
    fn solicit_routers(&self, now: Instant) -> Option<Instant> {
        let Soliciting { asked, next, heard } = self.soliciting.get();
        let source = link_local(self.ethernet.mac());
        if heard || asked == SOLICITATIONS || !self.is_own(source) {
            return None;
        }
        if next > now {
            return Some(next);
        }
        let next = now + SOLICITATION_INTERVAL;
        self.soliciting.set(Soliciting { asked: asked + 1, next, heard });
        let message = Message::solicit_routers(source, ALL_ROUTERS, self.ethernet.mac());
        self.tell(group_mac(ALL_ROUTERS), source, ALL_ROUTERS, &message);
        (asked + 1 < SOLICITATIONS).then_some(next)
    }

    /// Asks who has an address: the group, or one to confirm it.
    fn ask(&self, source: Ipv6Addr, target: Ipv6Addr, mac: Option<MacAddress>) {
        let group = solicited_node(target);
        let (mac, destination) = mac.map_or((group_mac(group), group), |mac| (mac, target));
        let message = Message::solicit(source, destination, target, self.ethernet.mac());
        self.tell(mac, source, destination, &message);
    }

    fn tell(&self, mac: MacAddress, source: Ipv6Addr, destination: Ipv6Addr, message: &Message) {
        let ip = emit(source, destination, ICMPV6, ON_LINK, message.bytes().len());
        self.put(mac, &[&ip, message.bytes()]);
    }

    pub(super) fn put(&self, mac: MacAddress, packet: &[&[u8]]) {
        // A message that is lost is sent again, as all that may be lost are.
        let _ = self.ethernet.send(mac, ethertype::IPV6, packet, Offload::default());
    }
}

/// The hardware address among options, if it is there; nothing if the options are malformed (RFC 4861 §4.6: none is
/// empty).
pub fn hardware_address(mut options: &[u8], wanted: u8) -> Option<Option<MacAddress>> {
    let mut found = None;
    while !options.is_empty() {
        let &[kind, length] = options.first_chunk::<2>()?;
        let option = options.get(..usize::from(length) * 8).filter(|option| !option.is_empty())?;
        if let (true, &[_, _, a, b, c, d, e, f]) = (kind == wanted, option) {
            found = Some(MacAddress([a, b, c, d, e, f]));
        }
        options = &options[option.len()..];
    }
    Some(found)
}
