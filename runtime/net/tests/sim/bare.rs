//! As little IPv4 as TCP and UDP can do with: what their tests stand on when the layers below are not to matter.
//!
//! Frames go to everybody, so nothing has to be resolved; fragments and options are not known.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use mirage::time::Instant;
use mirage::{Clock as _, Header, MacAddress, Network as _, Offload, Offloads, Packet, Packets, Refused, Route};
use mirage::{Spawn as _, Time as _};
use mirage_test::{Port, World};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{ArpOperation, ArpPacket, ArpRepr, EthernetAddress, IpProtocol, Ipv4Packet, Ipv4Repr};

/// All clones are one.
#[derive(Clone)]
pub struct Bare(Rc<Inner>);

struct Inner {
    address: Ipv4Addr,
    mac: MacAddress,
    mtu: u16,
    offloads: Offloads,
    protocols: RefCell<BTreeMap<u8, Rc<dyn Packets>>>,
    out: RefCell<VecDeque<(Vec<u8>, Offload)>>,
    woken: RefCell<(bool, Option<Waker>)>,
}

impl Bare {
    pub fn new(world: &World, port: Port, address: [u8; 4]) -> Self {
        let inner = Inner {
            address: address.into(),
            mac: port.mac(),
            mtu: u16::try_from(port.mtu()).unwrap(),
            offloads: port.offloads(),
            protocols: RefCell::default(),
            out: RefCell::default(),
            woken: RefCell::default(),
        };
        let bare = Self(Rc::new(inner));
        world.spawner().spawn(bare.clone().drive(port, world.clone()));
        bare
    }

    async fn drive(self, mut port: Port, world: World) {
        let mut deadline: Option<Instant> = None;
        loop {
            let now = world.clock().now();
            let time = world.time();
            let mut sleep = pin!(time.sleep(deadline.map_or(Duration::from_secs(86_400), |at| at.since(now))));
            poll_fn(|context| {
                let (woken, waker) = &mut *self.0.woken.borrow_mut();
                *waker = Some(context.waker().clone());
                let ready = std::mem::take(woken) || port.poll_ready(context).is_ready();
                if ready { Poll::Ready(()) } else { sleep.as_mut().poll(context) }
            })
            .await;
            let now = world.clock().now();
            port.receive(64, &mut |frame, received| self.input(frame, received, now)).unwrap();
            let mut once = false;
            poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut once, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            let protocols: Vec<_> = self.0.protocols.borrow().values().cloned().collect();
            deadline = protocols.iter().filter_map(|protocol| protocol.poll(now)).min();
            for (frame, offload) in self.0.out.borrow_mut().drain(..) {
                if !port.send(&[&frame], offload).unwrap() {
                    port.notify().unwrap();
                    port.send(&[&frame], offload).unwrap();
                }
            }
            port.notify().unwrap();
        }
    }

    fn input(&self, frame: &mut [u8], received: mirage::Received, now: Instant) {
        let (header, packet) = frame.split_at_mut(14);
        match header[12..] {
            [0x08, 0x06] => self.answer(packet),
            [0x08, 0x00] => {
                let Ok(checked) = Ipv4Packet::new_checked(&packet[..]) else { return };
                let (source, to, protocol) = (checked.src_addr(), checked.dst_addr(), u8::from(checked.next_header()));
                if !checked.verify_checksum() || checked.version() != 4 || to != self.0.address {
                    return;
                }
                let range = usize::from(checked.header_len())..usize::from(checked.total_len());
                let attached = self.0.protocols.borrow().get(&protocol).cloned();
                if let Some(attached) = attached {
                    let (source, destination) = (IpAddr::V4(source), IpAddr::V4(to));
                    attached.input(Packet {
                        source,
                        destination,
                        protocol,
                        payload: &mut packet[range],
                        received,
                        now,
                    });
                }
            }
            _ => {}
        }
    }

    fn answer(&self, packet: &[u8]) {
        let parsed = ArpPacket::new_checked(packet).and_then(|packet| ArpRepr::parse(&packet));
        let Ok(ArpRepr::EthernetIpv4 {
            operation: ArpOperation::Request,
            source_hardware_addr,
            source_protocol_addr,
            target_protocol_addr,
            ..
        }) = parsed
        else {
            return;
        };
        if target_protocol_addr == self.0.address {
            let answer = ArpRepr::EthernetIpv4 {
                operation: ArpOperation::Reply,
                source_hardware_addr: EthernetAddress(self.0.mac.0),
                source_protocol_addr: self.0.address,
                target_hardware_addr: source_hardware_addr,
                target_protocol_addr: source_protocol_addr,
            };
            let mut bytes = vec![0; answer.buffer_len()];
            answer.emit(&mut ArpPacket::new_unchecked(&mut bytes));
            self.put([8, 6], &[&bytes], Offload::default());
        }
    }

    fn put(&self, ethertype: [u8; 2], packet: &[&[u8]], offload: Offload) {
        let frame = [&MacAddress::BROADCAST.0[..], &self.0.mac.0, &ethertype, &packet.concat()].concat();
        self.0.out.borrow_mut().push_back((frame, offload.behind(14)));
        mirage::Ip::wake(self);
    }
}

impl mirage::Ip for Bare {
    fn attach(&self, number: u8, protocol: Rc<dyn Packets>) {
        self.0.protocols.borrow_mut().insert(number, protocol);
    }

    fn is_local(&self, address: IpAddr) -> bool {
        address == self.0.address
    }

    fn route(&self, _: IpAddr) -> Result<Route, Refused> {
        Ok(Route { source: self.0.address.into(), mtu: self.0.mtu, offloads: self.0.offloads })
    }

    fn send(&self, header: Header, payload: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        let (IpAddr::V4(src_addr), IpAddr::V4(dst_addr)) = (header.source, header.destination) else {
            return Err(Refused::NoRoute);
        };
        let payload_len = payload.iter().map(|part| part.len()).sum();
        let next_header = IpProtocol::from(header.protocol);
        let ip = Ipv4Repr { src_addr, dst_addr, next_header, payload_len, hop_limit: 64 };
        let mut bytes = [0; 20];
        ip.emit(&mut Ipv4Packet::new_unchecked(&mut bytes), &ChecksumCapabilities::default());
        self.put([8, 0], &[&[&bytes[..]], payload].concat(), offload.behind(20));
        Ok(())
    }

    fn wake(&self) {
        let (woken, waker) = &mut *self.0.woken.borrow_mut();
        *woken = true;
        if let Some(waker) = waker.take() {
            waker.wake();
        }
    }
}
