//! Hosts on Ethernet in memory, for tests: frames are carried by hand.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use mirage::time::Instant;
use mirage::{
    EthernetFrame, Frames, Header, Ip as _, MacAddress, Offload, Offloads, Packet, Packets, Received, Refused,
    Undelivered, Why,
};
use mirage_test::World;
use smoltcp::wire::Icmpv6Packet;

use super::Ipv6;
use super::address::{group_mac, link_local};
use super::messages::ICMPV6;
use super::output::emit;

pub const UDP: u8 = 17;
pub const ROUTER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0xff);
pub const ROUTER_MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 0xff]);

/// Ethernet and a clock, in memory.
#[derive(Clone)]
pub struct Link(pub Rc<State>);

pub struct State {
    pub mac: MacAddress,
    pub now: Cell<Instant>,
    pub sent: RefCell<Vec<(MacAddress, Vec<u8>)>>,
    pub protocol: RefCell<Option<Rc<dyn Frames>>>,
}

impl mirage::Clock for Link {
    fn now(&self) -> Instant {
        self.0.now.get()
    }
}

impl mirage::Ethernet for Link {
    fn mac(&self) -> MacAddress {
        self.0.mac
    }

    fn mtu(&self) -> usize {
        1500
    }

    fn offloads(&self) -> Offloads {
        Offloads::default()
    }

    fn attach(&self, _: u16, protocol: Rc<dyn Frames>) {
        *self.0.protocol.borrow_mut() = Some(protocol);
    }

    fn send(&self, to: MacAddress, _: u16, packet: &[&[u8]], _: Offload) -> Result<(), Refused> {
        let packet = packet.concat();
        assert!(packet.len() <= 1500, "larger than the link takes");
        self.0.sent.borrow_mut().push((to, packet));
        Ok(())
    }

    fn wake(&self) {}
}

/// Who is above: it keeps what comes.
#[derive(Default)]
pub struct Seen {
    pub packets: RefCell<Vec<(IpAddr, Vec<u8>)>>,
    pub reports: RefCell<Vec<Why>>,
}

impl Packets for Seen {
    fn input(&self, packet: Packet<'_>) {
        self.packets.borrow_mut().push((packet.source, packet.payload.to_vec()));
    }

    fn undelivered(&self, report: Undelivered<'_>) {
        self.reports.borrow_mut().push(report.why);
    }

    fn poll(&self, _: Instant) -> Option<Instant> {
        None
    }
}

pub struct Host {
    pub link: Link,
    pub ip: Ipv6<Link, Link, mirage_test::Random>,
    pub udp: Rc<Seen>,
    pub icmp: Rc<Seen>,
    pub local: Ipv6Addr,
}

impl Host {
    pub async fn new(world: &World, last: u8) -> Self {
        let mac = MacAddress([2, 0, 0, 0, 0, last]);
        let link =
            Link(Rc::new(State { mac, now: Cell::default(), sent: RefCell::default(), protocol: RefCell::default() }));
        let ip = Ipv6::connect(link.clone(), link.clone(), world.random(), Default::default()).await.unwrap();
        let (udp, icmp) = (Rc::new(Seen::default()), Rc::new(Seen::default()));
        ip.attach(UDP, udp.clone());
        ip.attach(ICMPV6, icmp.clone());
        Self { link, ip, udp, icmp, local: link_local(mac) }
    }

    fn protocol(&self) -> Rc<dyn Frames> {
        self.link.0.protocol.borrow().clone().expect("attached")
    }

    pub fn input(&self, source: MacAddress, destination: MacAddress, packet: &[u8]) {
        let (mut packet, now) = (packet.to_vec(), self.link.0.now.get());
        self.protocol().input(EthernetFrame {
            source,
            destination,
            payload: &mut packet,
            received: Received::default(),
            now,
        });
    }

    /// A packet comes from the router.
    pub fn routed(&self, source: Ipv6Addr, destination: Ipv6Addr, hops: u8, protocol: u8, payload: &[u8]) {
        let ip = emit(source, destination, protocol, hops, payload.len());
        let mac = if destination.is_multicast() { group_mac(destination) } else { self.link.0.mac };
        self.input(ROUTER_MAC, mac, &[&ip, payload].concat());
    }

    /// An ICMPv6 message comes from the router, its checksum right.
    pub fn told(&self, source: Ipv6Addr, destination: Ipv6Addr, hops: u8, message: &[u8]) {
        let mut message = message.to_vec();
        Icmpv6Packet::new_unchecked(&mut message).fill_checksum(&source, &destination);
        self.routed(source, destination, hops, ICMPV6, &message);
    }

    /// A round of the loop; what it sends.
    pub fn round(&self) -> Vec<(MacAddress, Vec<u8>)> {
        self.protocol().poll(self.link.0.now.get());
        self.link.0.sent.take()
    }

    pub fn at(&self, seconds: u64) {
        self.link.0.now.set(Instant::START + Duration::from_secs(seconds));
    }

    pub fn send(&self, to: Ipv6Addr, protocol: u8, whole: bool, payload: &[u8]) -> Result<(), Refused> {
        let source = self.ip.route(to.into())?.source;
        self.ip.send(Header { source, destination: to.into(), protocol, whole }, &[payload], Offload::default())
    }

    pub fn address(&self, text: &str) -> Ipv6Addr {
        let address = text.parse().expect("an address");
        self.ip.configure(address, 64, None);
        address
    }
}

/// Carries frames until there are no more.
pub fn settle(hosts: [&Host; 2]) {
    loop {
        let frames = hosts.map(Host::round);
        if frames.iter().all(Vec::is_empty) {
            return;
        }
        for (from, to, frames) in [(hosts[0], hosts[1], &frames[0]), (hosts[1], hosts[0], &frames[1])] {
            for (destination, packet) in frames {
                if destination.is_group() || *destination == to.link.0.mac {
                    to.input(from.link.0.mac, *destination, packet);
                }
            }
        }
    }
}

/// Two hosts whose addresses are theirs.
pub async fn two(world: &World) -> (Host, Host) {
    let (here, there) = (Host::new(world, 1).await, Host::new(world, 2).await);
    for second in [0, 2] {
        [&here, &there].iter().for_each(|host| host.at(second));
        settle([&here, &there]);
    }
    (here, there)
}
