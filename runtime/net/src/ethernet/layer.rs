//! The layer: who gets which frame, and how frames go.

use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::marker::PhantomData;
use core::task::Waker;

use mirage::time::Instant;
use mirage::{Clock, EthernetFrame, Frames, MacAddress, Network, Offload, Offloads, Received, Refused, Spawn, Time};

use super::driver;
use super::ethertype::{SERVICE_VLAN, VLAN};
use super::queue::Queue;
use crate::attached::Attached;
use crate::parts::{self, Parts};

/// The length of an Ethernet header, in bytes.
const HEADER: usize = 14;

/// Ethernet over a network interface. All clones are one layer.
pub struct Ethernet<N: Network, C, T, S> {
    shared: Rc<Shared<N>>,
    devices: PhantomData<(C, T, S)>,
}

impl<N: Network, C, T, S> Clone for Ethernet<N, C, T, S> {
    fn clone(&self) -> Self {
        Self { shared: Rc::clone(&self.shared), devices: PhantomData }
    }
}

/// What the layer and its loop share.
pub(super) struct Shared<N> {
    pub network: RefCell<N>,
    /// What is sent while the interface is borrowed by the loop.
    pub pending: RefCell<Queue>,
    protocols: Attached<dyn Frames>,
    /// Whether a round was asked for, and who is to hear of it.
    pub wanted: Cell<bool>,
    pub loop_waker: RefCell<Option<Waker>>,
    /// Whether the loop is polling the protocols: what they send goes out with the round that is under way.
    pub polling: Cell<bool>,
    mac: MacAddress,
    mtu: usize,
    offloads: Offloads,
    told_of_vlan: Cell<bool>,
}

impl<N: Network, C: Clock, T: Time, S: Spawn> Ethernet<N, C, T, S> {
    /// Takes an interface over and starts the loop.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(network: N, clock: C, time: T, spawn: S) -> Result<Self, Infallible> {
        let (mac, mtu, offloads) = (network.mac(), network.mtu(), network.offloads());
        let shared = Rc::new(Shared {
            network: RefCell::new(network),
            pending: RefCell::default(),
            protocols: Attached::default(),
            wanted: Cell::new(true),
            loop_waker: RefCell::default(),
            polling: Cell::new(false),
            mac,
            mtu,
            offloads,
            told_of_vlan: Cell::new(false),
        });
        spawn.spawn(driver::run(Rc::clone(&shared), clock, time));
        Ok(Self { shared, devices: PhantomData })
    }
}

impl<N: Network> Shared<N> {
    /// A frame has come.
    pub fn input(&self, frame: &mut [u8], received: Received, now: Instant) {
        let Some((header, payload)) = frame.split_first_chunk_mut::<HEADER>() else { return };
        let [a, b, c, d, e, f, g, h, i, j, k, l, high, low] = *header;
        let (destination, source) = (MacAddress([a, b, c, d, e, f]), MacAddress([g, h, i, j, k, l]));
        let ethertype = u16::from_be_bytes([high, low]);
        // Nobody is called after a group, and what one sent itself comes back only where a link is wired in a circle.
        if destination != self.mac && !destination.is_group() || source.is_group() {
            return;
        }
        if matches!(ethertype, VLAN | SERVICE_VLAN) {
            if !self.told_of_vlan.replace(true) {
                log::warn!("frames with VLAN tags come from {source} and are dropped: this link is used without VLANs");
            }
            return;
        }
        if let Some(protocol) = self.protocols.find(ethertype) {
            protocol.input(EthernetFrame { source, destination, payload, received, now });
        }
    }

    /// The frames that came together have all come.
    pub fn end_batch(&self) {
        self.protocols.each(|protocol| protocol.end_batch());
    }

    /// Polls every protocol; the earliest moment at which one wants to be polled again.
    pub fn poll(&self, now: Instant) -> Option<Instant> {
        self.polling.set(true);
        let next = self.protocols.poll(|protocol| {
            let next = protocol.poll(now);
            // What one has sent is on its way while the next is asked. An interface that fails says so again afterwards.
            let _ = self.network.borrow_mut().notify();
            next
        });
        self.polling.set(false);
        next
    }

    fn wake(&self) {
        if !self.wanted.replace(true) {
            self.rouse();
        }
    }

    /// Once a round at most, and so not where it is asked for.
    #[inline(never)]
    fn rouse(&self) {
        if let Some(waker) = self.loop_waker.borrow_mut().take() {
            waker.wake();
        }
    }

    fn transmit(&self, parts: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        let taken = match self.network.try_borrow_mut() {
            // What came first goes first.
            Ok(mut network) if self.pending.borrow().is_empty() => {
                // What an interface fails with, the loop sees too, and says so.
                network.send(parts, offload).unwrap_or(false)
            }
            _ => self.pending.borrow_mut().push(parts, offload),
        };
        // Sent from outside a round, it goes out with the next; refused there, the loop is to look out for room, with
        // which everybody is polled again.
        if !self.polling.get() {
            self.wake();
        }
        if taken { Ok(()) } else { Err(Refused::Full) }
    }
}

impl<N: Network, C: Clock, T: Time, S: Spawn> mirage::Ethernet for Ethernet<N, C, T, S> {
    fn mac(&self) -> MacAddress {
        self.shared.mac
    }

    fn mtu(&self) -> usize {
        self.shared.mtu
    }

    fn offloads(&self) -> Offloads {
        self.shared.offloads
    }

    fn attach(&self, ethertype: u16, protocol: Rc<dyn Frames>) {
        self.shared.protocols.add(ethertype, protocol);
        self.shared.wake();
    }

    fn send(&self, to: MacAddress, ethertype: u16, packet: &[&[u8]], offload: Offload) -> Result<(), Refused> {
        let length: usize = packet.iter().map(|part| part.len()).sum();
        if length > self.shared.mtu && offload.segment == 0 {
            return Err(Refused::TooLarge);
        }
        let mut header = [0; HEADER];
        header[..6].copy_from_slice(&to.0);
        header[6..12].copy_from_slice(&self.shared.mac.0);
        header[12..].copy_from_slice(&ethertype.to_be_bytes());
        let mut parts = Parts::new();
        parts::add(&mut parts, &header, packet)?;
        self.shared.transmit(&parts, offload.behind(HEADER))
    }

    fn wake(&self) {
        self.shared.wake();
    }
}
