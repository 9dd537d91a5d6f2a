//! The layer: its state, and the face it shows to those above.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::net::{IpAddr, Ipv6Addr};

use mirage::args::{self, Ipv6Network, Ipv6Route};
use mirage::time::Instant;
use mirage::{Clock, Ethernet, Header, Ip, Offload, Packet, Packets, Random, Refused, Route};

use super::address::link_local;
use super::discovery::Soliciting;
use super::listeners::Listeners;
use super::own::Own;
use super::redirects::Redirects;
use super::routers::{LEAST_MTU, Routers};
use crate::attached::Attached;
use crate::ethernet::ethertype;
use crate::limit::Limit;
use crate::neighbours::Cache;
use crate::paths::Paths;
use crate::reassembly::Reassembly;
use crate::routes::{Network, Routes};

/// IPv6 over Ethernet. All clones are one layer. It has a link-local address from the beginning; routers give it others
/// (RFC 4862), and so does [`configure`](Self::configure).
pub struct Ipv6<E, C, R> {
    pub(super) shared: Rc<Shared<E, C>>,
    random: R,
}

impl<E, C, R: Clone> Clone for Ipv6<E, C, R> {
    fn clone(&self) -> Self {
        Self { shared: Rc::clone(&self.shared), random: self.random.clone() }
    }
}

/// What was told at boot and cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misled {
    /// A router without an address to reach it from.
    GatewayAlone(Ipv6Addr),
    /// A router that is in another network.
    GatewayOutside(Ipv6Addr, Ipv6Network),
    /// A route by a router that is in another network.
    RouterOutside(Ipv6Route, Ipv6Network),
    /// A route by a router nobody has an address to reach from.
    RouterAlone(Ipv6Route),
}

impl fmt::Display for Misled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GatewayAlone(gateway) => {
                write!(f, "`--ipv6-gateway {gateway}` is of no use without an address: give `--ipv6` too")
            }
            Self::GatewayOutside(gateway, network) => write!(
                f,
                "`--ipv6-gateway {gateway}` is not in the network of `--ipv6 {network}`: a router is a neighbour"
            ),
            Self::RouterOutside(route, network) => write!(
                f,
                "the router of `--ipv6-route {route}` is not in the network of `--ipv6 {network}`: a router is a \
                 neighbour; give its address there, or its link-local one"
            ),
            Self::RouterAlone(route) => write!(
                f,
                "the router of `--ipv6-route {route}` is in no network this host is told to be in: give `--ipv6` too, or \
                 the router's link-local address"
            ),
        }
    }
}

impl core::error::Error for Misled {}

/// An address that was told, and its network.
#[derive(Clone, Copy)]
pub(super) struct Fixed {
    pub address: Ipv6Addr,
    pub prefix: u8,
    pub gateway: Option<Ipv6Addr>,
}

pub(super) struct Shared<E, C> {
    pub ethernet: E,
    pub clock: C,
    pub own: RefCell<Own>,
    pub fixed: Cell<Option<Fixed>>,
    pub routes: RefCell<Routes<Ipv6Addr>>,
    pub routers: RefCell<Routers>,
    pub soliciting: Cell<Soliciting>,
    pub neighbours: RefCell<Cache>,
    pub protocols: Attached<dyn Packets>,
    pub paths: RefCell<Paths>,
    pub reassembly: RefCell<Reassembly>,
    pub identification: Cell<u32>,
    pub listeners: RefCell<Listeners>,
    pub redirects: RefCell<Redirects>,
    /// Where random delays come from; never 0.
    pub chance: Cell<u64>,
    pub echoes: Limit,
    pub errors: Limit,
    /// Whether anything was asked of it or has come since it was looked at, when it is to be looked at in any case, and
    /// when something is due.
    pub news: Cell<bool>,
    pub due: Cell<(Instant, Option<Instant>)>,
}

impl<E: Ethernet, C: Clock, R: Random> Ipv6<E, C, R> {
    /// Takes the IPv6 frames of an interface, and has the address the arguments tell besides those it forms itself.
    ///
    /// # Errors
    /// When a router they tell cannot be reached from that address.
    pub async fn connect(ethernet: E, clock: C, mut random: R, args: args::Ipv6) -> Result<Self, Misled> {
        let fixed = match (args.ipv6, args.ipv6_gateway) {
            (None, None) => None,
            (None, Some(gateway)) => return Err(Misled::GatewayAlone(gateway)),
            // A router has a link-local address too, and is told by that as a rule (RFC 4861 §4.2).
            (Some(network), Some(gateway)) if !network.contains(gateway) && !gateway.is_unicast_link_local() => {
                return Err(Misled::GatewayOutside(gateway, network));
            }
            (Some(network), gateway) => Some((network, gateway)),
        };
        let mut routes = Routes::default();
        for route in args.ipv6_route {
            match args.ipv6 {
                _ if route.router.is_unicast_link_local() => {}
                Some(network) if network.contains(route.router) => {}
                Some(network) => return Err(Misled::RouterOutside(route, network)),
                None => return Err(Misled::RouterAlone(route)),
            }
            routes.add(Network::of(route.network, route.prefix), route.router);
        }
        let mut own = Own::default();
        own.add(link_local(ethernet.mac()));
        let shared = Rc::new(Shared {
            ethernet: ethernet.clone(),
            clock,
            own: RefCell::new(own),
            fixed: Cell::new(None),
            routes: RefCell::new(routes),
            routers: RefCell::default(),
            soliciting: Cell::default(),
            neighbours: RefCell::new(Cache::new(random.next_u64())),
            protocols: Attached::default(),
            paths: RefCell::new(Paths::new(LEAST_MTU, LEAST_MTU)),
            reassembly: RefCell::default(),
            identification: Cell::new(random.next_u32()),
            listeners: RefCell::default(),
            redirects: RefCell::default(),
            chance: Cell::new(random.next_u64() | 1),
            // As for IPv4: a ping flood is answered, up to a part of the link.
            echoes: Limit::new(20_000, 1000),
            // RFC 4443 §2.4 (f).
            errors: Limit::new(100, 50),
            news: Cell::new(true),
            due: Cell::new((Instant::START, None)),
        });
        ethernet.attach(ethertype::IPV6, Rc::clone(&shared) as _);
        let layer = Self { shared, random };
        if let Some((network, gateway)) = fixed {
            layer.configure(network.address, network.prefix, gateway);
        }
        Ok(layer)
    }

    /// Gives it an address besides those it forms itself, in the place of the one it was given before: `prefix` bits of
    /// it, at most 128, are its network's, and `gateway` is the router to others.
    pub fn configure(&self, address: Ipv6Addr, prefix: u8, gateway: Option<Ipv6Addr>) {
        let before = self.shared.fixed.replace(Some(Fixed { address, prefix: prefix.min(128), gateway }));
        let mut own = self.shared.own.borrow_mut();
        if let Some(before) = before {
            own.remove(before.address);
        }
        own.add(address);
        drop(own);
        self.shared.news.set(true);
        self.shared.ethernet.wake();
    }
}

impl<E: Ethernet, C: Clock> Shared<E, C> {
    /// Whether it is an address of this host.
    pub fn is_own(&self, address: Ipv6Addr) -> bool {
        self.own.borrow().has(address)
    }

    /// Whether an address of this host may still turn out to be somebody else's.
    pub fn is_tentative(&self, address: Ipv6Addr) -> bool {
        self.own.borrow().is_tentative(address)
    }

    /// The largest packet the link takes, in bytes; a router may say that it is less than the interface does.
    pub fn link_mtu(&self) -> u16 {
        let interface = u16::try_from(self.ethernet.mtu()).unwrap_or(u16::MAX);
        self.routers.borrow().mtu().map_or(interface, |mtu| mtu.min(interface))
    }
}

impl<E: Ethernet, C: Clock, R: Random> Ip for Ipv6<E, C, R> {
    fn attach(&self, number: u8, protocol: Rc<dyn Packets>) {
        self.shared.protocols.attach(number, protocol);
        self.shared.ethernet.wake();
    }

    fn is_local(&self, address: IpAddr) -> bool {
        matches!(address, IpAddr::V6(address) if self.shared.is_own(address))
    }

    fn route(&self, destination: IpAddr) -> Result<Route, Refused> {
        let IpAddr::V6(destination) = destination else { return Err(Refused::NoRoute) };
        let (source, prefix) = self.shared.source(destination)?;
        let mtu = self.shared.mtu(destination);
        Ok(Route { source: source.into(), mtu, offloads: self.shared.ethernet.offloads(), prefix })
    }

    fn send(&self, header: Header, payload: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        self.shared.send(header, payload, offload)
    }

    fn refuse(&self, packet: &Packet<'_>) {
        self.shared.refuse_port(packet);
    }

    fn wake(&self) {
        self.shared.ethernet.wake();
    }

    fn nameservers(&self) -> Vec<IpAddr> {
        self.shared.routers.borrow().nameservers(self.shared.clock.now())
    }
}
