//! A host of ours, and a port beside it that the test speaks by itself.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;

use mirage::time::Instant;
use mirage::{
    Header, Ip as _, MacAddress, Network as _, Offload, Packet, Packets, Refused, Time as _, Undelivered, Why,
};
use mirage_net::ipv4::{Configure as _, Interface};
use mirage_net::{Arp, Ethernet, Ipv4};
use mirage_test::{Clock, Port, Random, Spawner, Time, World};

use crate::packets::{ARP, IPV4, Piece, arp, piece};

/// The host's address.
pub const HERE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// A neighbour's.
pub const THERE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// The router's.
pub const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 254);
/// Somebody's behind the router.
pub const FAR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
/// A protocol for experiments (RFC 3692).
pub const PROTOCOL: u8 = 253;

pub type Link = Ethernet<Port, Clock, Time, Spawner>;

/// What came to [`PROTOCOL`].
#[derive(Default)]
pub struct Got {
    pub packets: RefCell<Vec<(IpAddr, IpAddr, Vec<u8>)>>,
    pub reports: RefCell<Vec<(IpAddr, Why)>>,
}

impl Packets for Got {
    fn input(&self, packet: Packet<'_>) {
        self.packets.borrow_mut().push((packet.source, packet.destination, packet.payload.to_vec()));
    }

    fn undelivered(&self, report: Undelivered<'_>) {
        self.reports.borrow_mut().push((report.destination, report.why));
    }

    fn poll(&self, _: Instant) -> Option<Instant> {
        None
    }
}

pub struct Bench {
    pub world: World,
    pub ethernet: Link,
    pub ip: Ipv4<Link, Arp<Link, Clock, Random>, Clock, Random>,
    pub got: Rc<Got>,
    /// The host's hardware address.
    pub mac: MacAddress,
    /// The test's own.
    pub port: Port,
}

impl Bench {
    /// A host without an address.
    pub async fn bare(world: World) -> Self {
        let wire = world.wire();
        let (port, ours) = (wire.port(), wire.port());
        let mac = ours.mac();
        let (clock, time, random, spawn) = (world.clock(), world.time(), world.random(), world.spawner());
        let ethernet = Ethernet::connect(ours, clock.clone(), time, spawn).await.unwrap();
        let arp = Arp::connect(ethernet.clone(), clock.clone(), random.clone()).await.unwrap();
        let ip = Ipv4::connect(ethernet.clone(), arp, clock, random).await.unwrap();
        let got = Rc::new(Got::default());
        ip.attach(PROTOCOL, got.clone());
        Self { world, ethernet, ip, got, mac, port }
    }

    /// A host that has announced its address.
    pub async fn new(world: World) -> Self {
        let mut bench = Self::bare(world).await;
        bench.ip.configure(Some(interface()));
        bench.after(Duration::from_secs(10)).await;
        bench
    }

    /// The same, which knows the neighbour and the router, both of which are the test's port.
    pub async fn acquainted(world: World) -> Self {
        let mut bench = Self::new(world).await;
        for address in [THERE, ROUTER] {
            bench.introduce(address).await;
        }
        bench
    }

    /// Asks the host for its hardware address, as who is about to talk to it does.
    pub async fn introduce(&mut self, address: Ipv4Addr) {
        self.put(self.mac, ARP, &arp(true, (self.port.mac(), address), (MacAddress([0; 6]), HERE)));
        assert_eq!(self.take(ARP).await.len(), 1);
    }

    /// Sends a frame from the test's port.
    pub fn put(&mut self, to: MacAddress, ethertype: u16, payload: &[u8]) {
        let header = [&to.0[..], &self.port.mac().0, &ethertype.to_be_bytes()].concat();
        assert!(self.port.send(&[&header, payload], Offload::default()).unwrap());
        self.port.notify().unwrap();
    }

    /// Sends an IPv4 packet to the host.
    pub fn packet(&mut self, packet: &Piece<'_>) {
        self.put(self.mac, IPV4, &piece(packet));
    }

    /// The frames that came within some time.
    pub async fn after(&mut self, time: Duration) -> Vec<Vec<u8>> {
        self.world.time().sleep(time).await;
        let mut frames = Vec::new();
        while self.port.receive(64, &mut |frame, _| frames.push(frame.to_vec())).unwrap() > 0 {}
        frames
    }

    /// The packets of one type that came by now, without the padding of short frames.
    pub async fn take(&mut self, ethertype: u16) -> Vec<Vec<u8>> {
        let frames = self.after(Duration::from_millis(1)).await;
        let of_type = frames.iter().filter(|frame| frame[12..14] == ethertype.to_be_bytes());
        of_type.map(|frame| frame[14..14 + length(ethertype, &frame[14..])].to_vec()).collect()
    }

    /// Has the host send a packet.
    pub fn send(&self, to: Ipv4Addr, payload: &[u8], whole: bool) -> Result<(), Refused> {
        let header = Header { source: HERE.into(), destination: to.into(), protocol: PROTOCOL, whole };
        self.ip.send(header, &[payload], Offload::default())
    }

    /// The payloads that came to [`PROTOCOL`] by now, since this was last called.
    pub async fn delivered(&mut self) -> Vec<Vec<u8>> {
        self.world.time().sleep(Duration::from_millis(1)).await;
        self.got.packets.take().into_iter().map(|(.., payload)| payload).collect()
    }
}

/// How long a packet says it is.
fn length(ethertype: u16, packet: &[u8]) -> usize {
    if ethertype == ARP { 28 } else { usize::from(u16::from_be_bytes([packet[2], packet[3]])) }
}

/// The host's address and its router.
pub fn interface() -> Interface {
    Interface { gateway: Some(ROUTER), ..Interface::new(HERE, 24) }
}
