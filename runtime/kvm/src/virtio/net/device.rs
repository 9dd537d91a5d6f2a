//! The interface.

use core::task::{Context, Poll};

use mirage::{MacAddress, Network, Offload, Offloads, Received};
use mirage_vnet as vnet;

use super::super::device::Device;
use super::super::error::{Error, Problem};
use super::super::find::Found;
use super::super::machine::Machine;
use super::receive::Receive;
use super::transmit::Transmit;

// Features, section 5.1.3.
const CHECKSUM: u64 = 1 << 0;
const GUEST_CHECKSUM: u64 = 1 << 1;
const MTU: u64 = 1 << 3;
const MAC: u64 = 1 << 5;
const GUEST_TSO4: u64 = 1 << 7;
const GUEST_TSO6: u64 = 1 << 8;
const HOST_TSO4: u64 = 1 << 11;
const HOST_TSO6: u64 = 1 << 12;
const MERGEABLE: u64 = 1 << 15;

// The configuration, section 5.1.4: six bytes of hardware address, and what frames can carry.
const MTU_AT: usize = 10;

/// What a frame carries of which nothing else is said, and the least it may (section 5.1.4.1), in bytes.
const MTU_USUAL: u16 = 1500;
const MTU_LEAST: u16 = 68;

/// How often it is looked whether there is something before others have their turn.
const ROUNDS: u32 = 4;

/// A network interface.
pub struct Net<M: Machine> {
    device: Device<M>,
    receive: Receive<M>,
    transmit: Transmit<M>,
    mac: MacAddress,
    mtu: usize,
    offloads: Offloads,
}

/// Which features are wanted of those there are.
fn choose(offered: u64) -> u64 {
    let mut wanted = MTU | MAC | MERGEABLE | CHECKSUM | GUEST_CHECKSUM;
    // Segments are cut where checksums are filled in.
    if offered & CHECKSUM != 0 {
        wanted |= HOST_TSO4 | HOST_TSO6;
    }
    // Without buffers that can be merged, each would have to hold 64 KiB.
    if offered & GUEST_CHECKSUM != 0 && offered & MERGEABLE != 0 {
        wanted |= GUEST_TSO4 | GUEST_TSO6;
    }
    wanted
}

impl<M: Machine> Net<M> {
    /// Brings an interface up. `mac` is its hardware address in place of the one the monitor gave it, if it gave it one.
    ///
    /// # Errors
    /// When the device is none that works, there is no memory for it, or it has no hardware address.
    pub fn connect(machine: &M, found: Found, mac: Option<MacAddress>) -> Result<Self, Error> {
        let mut device = Device::start(machine, found, 2, choose)?;
        // What is not offered need not be there to be read.
        let (has_mac, has_mtu) = (device.has(MAC), device.has(MTU));
        let (own, mtu) = device.configuration(|transport| {
            let mac = has_mac.then(|| MacAddress(core::array::from_fn(|at| transport.config8(at))));
            (mac, if has_mtu { transport.config16(MTU_AT) } else { MTU_USUAL })
        })?;
        let mac = mac.or(own).filter(|mac| !mac.is_group()).ok_or_else(|| device.fail(Problem::NoMac))?;
        if mtu < MTU_LEAST {
            return Err(device.fail(Problem::Mtu(mtu)));
        }
        let mtu = usize::from(mtu);
        let offloads = Offloads {
            checksum: device.has(CHECKSUM),
            segment_v4: device.has(HOST_TSO4),
            segment_v6: device.has(HOST_TSO6),
        };
        let mergeable = device.has(MERGEABLE);
        let receive = Receive::new(machine, &mut device, mergeable, mtu)?;
        let transmit = Transmit::new(machine, &mut device, offloads.segment_v4 || offloads.segment_v6, mtu)?;
        let mut net = Self { device, receive, transmit, mac, mtu, offloads };
        net.device.run();
        net.device.kick(net.receive.queue());
        Ok(net)
    }

    /// Whether there is something to do; if not, the device tells when there is.
    fn look(&mut self) -> Result<bool, Problem> {
        Ok(self.receive.queue().listen(0) || self.transmit.is_worth_trying()?)
    }
}

impl<M: Machine> Network for Net<M> {
    type Error = Error;

    fn mac(&self) -> MacAddress {
        self.mac
    }

    fn mtu(&self) -> usize {
        self.mtu
    }

    fn offloads(&self) -> Offloads {
        self.offloads
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.device.check()?;
        for _ in 0..ROUNDS {
            // Before the device is asked to tell, for that takes a fence.
            if self.receive.queue().is_ready() {
                return Poll::Ready(Ok(()));
            }
            match self.look() {
                Ok(false) => {}
                Ok(true) => return Poll::Ready(Ok(())),
                Err(problem) => return Poll::Ready(Err(self.device.fail(problem))),
            }
            if self.transmit.listen() {
                continue;
            }
            match self.device.poll_interrupt(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(raised) => raised?,
            }
        }
        // A device that goes on raising interrupts for nothing keeps nobody else from running.
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn receive(&mut self, most: usize, deliver: &mut dyn FnMut(&mut [u8], Received)) -> Result<usize, Error> {
        self.device.check()?;
        let count = self.receive.receive(most, deliver).map_err(|problem| self.device.fail(problem))?;
        if count > 0 {
            self.device.worked();
        }
        self.device.kick(self.receive.queue());
        Ok(count)
    }

    fn send(&mut self, frame: &[&[u8]], offload: Offload) -> Result<bool, Error> {
        self.device.check()?;
        let header = vnet::encode(frame, offload);
        let taken = self.transmit.send(&header, frame).map_err(|problem| self.device.fail(problem))?;
        if !taken {
            // It has to know what is to go before there can be room; and there never is if it has failed.
            self.device.kick(self.transmit.queue());
            if self.transmit.is_stuck() {
                self.device.ask()?;
            }
        }
        Ok(taken)
    }

    fn notify(&mut self) -> Result<(), Error> {
        self.device.check()?;
        if self.transmit.queue().is_ready() {
            self.transmit.reclaim().map_err(|problem| self.device.fail(problem))?;
        }
        self.device.kick(self.transmit.queue());
        Ok(())
    }
}
