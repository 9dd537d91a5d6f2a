//! The server: the layers of the stack over a wire in memory, and the executor that images for unix have.

use std::time::Duration;

use mirage::Spawn;
use mirage_executor::{Executor, Spawner};
use mirage_net::ipv4::{Configure as _, Interface};
use mirage_net::tcp::{Flow, Listener};
use mirage_net::{Arp, Ethernet, Ipv4, Tcp};

use super::Peers;
use super::peers::{self, GATEWAY, SERVER};
use super::wire::{Frames, Wire};
use crate::support::{Numbers, VirtualClock, poll, ready};

type Link = Ethernet<Wire, VirtualClock, Never, Spawner>;
type Net = Ipv4<Link, Arp<Link, VirtualClock, Numbers>, VirtualClock, Numbers>;

/// What a server is made of. The loop is woken by frames only, and looks then for what is due.
pub struct Server {
    pub wire: Wire,
    pub clock: VirtualClock,
    pub executor: Executor,
    pub tcp: Tcp<Net, VirtualClock, Numbers>,
    pub frames: Frames,
    listener: Listener,
}

/// A time device whose sleep has no end.
#[derive(Clone)]
pub struct Never;

impl mirage::Time for Never {
    async fn sleep(&self, _: Duration) {
        std::future::pending().await
    }
}

impl Server {
    pub fn new() -> Self {
        let (wire, clock, executor) = (Wire::default(), VirtualClock::default(), Executor::new());
        let random = Numbers::new(1);
        let Ok(ethernet) = ready(Ethernet::connect(wire.clone(), clock.clone(), Never, executor.spawner()));
        let Ok(arp) = ready(Arp::connect(ethernet.clone(), clock.clone(), random.clone()));
        let Ok(ip) = ready(Ipv4::connect(ethernet, arp, clock.clone(), random.clone()));
        ip.configure(Some(Interface { gateway: Some(GATEWAY), ..Interface::new(SERVER.0, 24) }));
        let Ok(tcp) = ready(Tcp::connect(ip, clock.clone(), random));
        let listener = ready(mirage::Tcp::listen(&tcp, SERVER.1)).expect("free");
        let mut server = Self { wire, clock, executor, tcp, frames: Frames::default(), listener };
        peers::introduce(&mut server.frames);
        server.round();
        server.wire.sent(|_| ());
        server
    }

    /// Has the frames come, and everything done that follows from them.
    pub fn round(&mut self) {
        self.wire.put(&mut self.frames);
        self.executor.run_ready(usize::MAX);
    }

    /// Another peer opens a connection.
    pub fn accept(&mut self, peers: &mut Peers) -> Flow {
        peers.open(&mut self.frames);
        self.round();
        assert_eq!(self.wire.sent(|frame| _ = peers.receive(frame)), 1);
        peers.send(peers.len() - 1, &[], &mut self.frames);
        self.round();
        assert_eq!(self.wire.sent(|_| ()), 0);
        poll(mirage::Listener::accept(&mut self.listener)).expect("it stands").expect("a connection")
    }

    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.executor.spawner().spawn(task);
    }
}
