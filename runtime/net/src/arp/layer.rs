//! The layer.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::future::poll_fn;
use core::net::{IpAddr, Ipv4Addr};
use core::task::Poll;

use mirage::time::Instant;
use mirage::{Clock, Ethernet, EthernetFrame, Frames, MacAddress, Neighbours, Offload, Random, Refused};

use super::claims::Claims;
use super::message::Message;
use super::probes::Probes;
use crate::due::earliest;
use crate::ethernet::ethertype;
use crate::neighbours::{Cache, Held, Way};
use crate::udp::Wakers;

/// Who is asked about before there is an answer: nobody in particular.
const NOBODY: MacAddress = MacAddress([0; 6]);

/// ARP over Ethernet. All clones are one layer.
pub struct Arp<E, C, R> {
    shared: Rc<Shared<E>>,
    clock: C,
    random: R,
}

impl<E, C: Clone, R: Clone> Clone for Arp<E, C, R> {
    fn clone(&self) -> Self {
        Self { shared: Rc::clone(&self.shared), clock: self.clock.clone(), random: self.random.clone() }
    }
}

struct Shared<E> {
    ethernet: E,
    cache: RefCell<Cache>,
    claims: RefCell<Claims>,
    probes: RefCell<Probes>,
    /// Who waits for news of an address: that it is somebody's, is nobody's, or is contested.
    waiting: Wakers,
    /// Whether there may be something to do before it is due, and when it is.
    news: Cell<bool>,
    due: Cell<Option<Instant>>,
}

impl<E: Ethernet, C: Clock, R: Random> Arp<E, C, R> {
    /// Takes the ARP frames of an interface.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(ethernet: E, clock: C, mut random: R) -> Result<Self, Infallible> {
        let cache = RefCell::new(Cache::new(random.next_u64()));
        let shared = Rc::new(Shared {
            ethernet: ethernet.clone(),
            cache,
            claims: RefCell::default(),
            probes: RefCell::default(),
            waiting: Wakers::default(),
            news: Cell::new(false),
            due: Cell::new(None),
        });
        let protocol: Rc<dyn Frames> = Rc::clone(&shared) as _;
        ethernet.attach(ethertype::ARP, protocol);
        Ok(Self { shared, clock, random })
    }
}

impl<E: Ethernet> Shared<E> {
    /// Has the loop come round, since there is something to do.
    fn wake(&self) {
        self.news.set(true);
        self.ethernet.wake();
    }

    fn tell(&self, to: MacAddress, message: Message) {
        // A message that is lost is sent again, as all that may be lost are.
        let _ = self.ethernet.send(to, ethertype::ARP, &[&message.bytes()], Offload::default());
    }

    /// Asks everybody, or one to confirm, who has `address`, in the name of `own`.
    fn ask(&self, own: Ipv4Addr, address: Ipv4Addr, to: MacAddress) {
        let sender = (self.ethernet.mac(), own);
        self.tell(to, Message { request: true, sender, target: (NOBODY, address) });
    }

    /// Sends the packets that waited for an address.
    fn release(&self, mac: MacAddress, held: Vec<Held>) {
        for Held { packet, offload } in held {
            // What finds no room now is lost, as it might be anywhere on its way.
            let _ = self.ethernet.send(mac, ethertype::IPV4, &[&packet], offload);
        }
    }
}

impl<E: Ethernet> Frames for Shared<E> {
    fn input(&self, frame: EthernetFrame<'_>) {
        let Some(Message { request, sender: (mac, address), target: (_, wanted) }) = Message::parse(frame.payload)
        else {
            return;
        };
        // Nobody else speaks for this interface, and no group has an address of its own.
        if mac == self.ethernet.mac() || mac.is_group() {
            return;
        }
        // RFC 5227 §2.1.1: whoever has an address, or asks with this host whether it is free.
        let probed = if request && address.is_unspecified() { wanted } else { address };
        if self.probes.borrow_mut().taken(probed, mac) {
            self.waiting.wake();
        }
        // RFC 5227 §2.4: also a probe for an address of ours is answered below; only who has it already clashes.
        let clash = self.claims.borrow_mut().clashes(address, mac, frame.now);
        if clash {
            self.waiting.wake();
            return self.wake();
        }
        let for_us = self.claims.borrow().has(wanted);
        // RFC 826: whoever asks for us is about to be talked to; others are only brought up to date.
        if !address.is_unspecified() && !address.is_broadcast() && !address.is_multicast() {
            let held = self.cache.borrow_mut().learn(address.to_bits().into(), mac, for_us, frame.now);
            self.release(mac, held);
        }
        if request && for_us {
            let sender = (self.ethernet.mac(), wanted);
            self.tell(mac, Message { request: false, sender, target: (mac, address) });
        }
    }

    fn poll(&self, now: Instant) -> Option<Instant> {
        // Mostly there is nothing, and whoever has just been answered need not wait for all that is looked at.
        if !self.news.replace(false) && self.due.get().is_none_or(|due| now < due) {
            return self.due.get();
        }
        let (announced, announce) = self.claims.borrow_mut().poll(now);
        for (address, ask) in announced {
            if ask {
                // There are hosts that say nothing to who announces their address, and answer who asks for it. The first
                // time may be lost, as where a bridge does not forward yet.
                self.ask(Ipv4Addr::UNSPECIFIED, address, MacAddress::BROADCAST);
            }
            self.ask(address, address, MacAddress::BROADCAST);
        }
        let (probed, probe, news) = self.probes.borrow_mut().poll(now);
        for address in probed {
            self.ask(Ipv4Addr::UNSPECIFIED, address, MacAddress::BROADCAST);
        }
        if news {
            self.waiting.wake();
        }
        let (asked, ask) = self.cache.borrow_mut().poll(now);
        let own = self.claims.borrow().first();
        for (address, mac) in asked {
            // It is one of those this layer has given the cache.
            self.ask(own, Ipv4Addr::from_bits(address as u32), mac.unwrap_or(MacAddress::BROADCAST));
        }
        self.due.set(earliest(&[announce, probe, ask]));
        self.due.get()
    }
}

impl<E: Ethernet, C: Clock, R: Random> Neighbours for Arp<E, C, R> {
    fn claim(&self, address: IpAddr) {
        if let IpAddr::V4(address) = address {
            self.shared.claims.borrow_mut().add(address, self.clock.now());
            self.shared.wake();
        }
    }

    fn release(&self, address: IpAddr) {
        if let IpAddr::V4(address) = address {
            self.shared.claims.borrow_mut().remove(address);
        }
    }

    async fn probe(&self, address: IpAddr) -> Option<MacAddress> {
        let IpAddr::V4(address) = address else { return None };
        let shared = &self.shared;
        shared.probes.borrow_mut().begin(address, self.clock.now());
        shared.wake();
        poll_fn(|context| {
            shared.waiting.add(context);
            shared.probes.borrow_mut().verdict(address).map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    fn contested(&self, address: IpAddr) -> impl Future<Output = MacAddress> {
        poll_fn(move |context| {
            self.shared.waiting.add(context);
            let IpAddr::V4(address) = address else { return Poll::Pending };
            self.shared.claims.borrow().contested(address).map_or(Poll::Pending, Poll::Ready)
        })
    }

    fn send(&self, to: IpAddr, packet: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        let IpAddr::V4(address) = to else { return Err(Refused::NoRoute) };
        let mut cache = self.shared.cache.borrow_mut();
        let way = cache.send(address.to_bits().into(), packet, offload, self.clock.now());
        let news = cache.has_news();
        drop(cache);
        if news {
            self.shared.wake();
        }
        match way {
            Way::To(mac) => self.shared.ethernet.send(mac, ethertype::IPV4, packet, offload),
            Way::Held => Ok(()),
            Way::Unreachable => Err(Refused::Unreachable),
        }
    }

    fn given_up(&self) -> Vec<Vec<u8>> {
        self.shared.cache.borrow_mut().given_up()
    }
}
