//! The world of one test.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use crate::network::{Host, Network, Stack};
use crate::wire::{Captures, Wire};
use crate::{Clock, Console, Random, Resolver, Time, WallClock};

/// The devices of one test. All clones are one world.
#[derive(Clone)]
pub struct World {
    pub(crate) clock: Clock,
    console: Console,
    random: Random,
    resolver: Resolver,
    network: Network,
    spawner: Spawner,
    captures: Captures,
    wires: Rc<Cell<u8>>,
}

/// Starts tasks in the world.
pub type Spawner = mirage_executor::Spawner;

impl World {
    /// Where the application lives if nothing else is said.
    pub const HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

    pub(crate) fn new(seed: u64, spawner: Spawner, captures: Captures) -> Self {
        let (clock, random) = (Clock::default(), Random::new(seed));
        let network = Network::new(clock.clone(), random.clone());
        let (console, resolver) = (Console::default(), Resolver::default());
        Self { clock, console, random, resolver, network, spawner, captures, wires: Rc::default() }
    }

    /// The console.
    pub fn console(&self) -> Console {
        self.console.clone()
    }

    /// The monotonic clock, in virtual time.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// The wall clock, in virtual time.
    pub fn wall_clock(&self) -> WallClock {
        WallClock(self.clock.clone())
    }

    /// Sleeps and time-outs, in virtual time.
    pub fn time(&self) -> Time {
        Time(self.clock.clone())
    }

    /// The random device.
    pub fn random(&self) -> Random {
        self.random.clone()
    }

    /// The resolver, which knows no name yet.
    pub fn resolver(&self) -> Resolver {
        self.resolver.clone()
    }

    /// What starts tasks.
    pub fn spawner(&self) -> Spawner {
        self.spawner.clone()
    }

    /// The network all hosts are on.
    pub fn network(&self) -> Network {
        self.network.clone()
    }

    /// The stack of the application's host, [`World::HOST`].
    pub fn stack(&self) -> Stack {
        self.host(Self::HOST).stack()
    }

    /// A host with this address, on the same network.
    pub fn host(&self, address: impl Into<IpAddr>) -> Host {
        Host::new(self.network.clone(), address.into())
    }

    /// A new Ethernet segment, which nothing is plugged into yet and which nothing connects to the [`network`](Self::network).
    pub fn wire(&self) -> Wire {
        self.wires.update(|wires| wires.wrapping_add(1));
        Wire::new(self.wires.get(), self.clock.clone(), self.random.clone(), self.captures.clone())
    }
}
