//! The device.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::future::poll_fn;
use core::net::{IpAddr, SocketAddr};

use mirage::{Clock, Ip, Random, Refused};
use rand_core::Rng;

use super::batch::Batch;
use super::{Core, Socket, output};
use crate::Error;
use crate::tcp::Seq;
use crate::tcp::connection::{Config, Connection};
use crate::tcp::guard::{Challenges, Cookies, Ports, Secret};
use crate::tcp::handle::{Flow, Listener};
use crate::tcp::table::{Pair, SynCache};

/// Answers in one round that nothing remembers: RSTs, SYN-ACKs with cookies and the like.
pub const REPLIES: u32 = 64;

/// TCP (RFC 9293) over IP, of either version. All clones are one.
///
/// Connections take their chunks from one pool; one that is idle holds none. What a packet costs does not depend on how
/// many connections there are.
pub struct Tcp<I, C, R>(Rc<Endpoint<I, C, R>>);

/// What IP knows of it.
pub struct Endpoint<I, C, R> {
    pub(super) core: Rc<Core>,
    pub(super) ip: I,
    pub(super) half_open: RefCell<SynCache>,
    pub(super) cookies: RefCell<Cookies>,
    pub(super) challenges: RefCell<Challenges>,
    /// Segments of the batch that is coming.
    pub(super) batch: RefCell<Batch>,
    /// Answers sent in this round.
    pub(super) replies: Cell<u32>,
    /// The list of those with something to send, while it is empty and the other one is used.
    pub(super) spare: Cell<Vec<Rc<Socket>>>,
    dynamic: RefCell<Ports>,
    clock: C,
    random: RefCell<R>,
}

/// How many of what there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections that packets can come for, those nobody has accepted yet among them.
    pub connections: usize,
    /// Handshakes that peers have begun, and that are remembered.
    pub half_open: usize,
    /// Connections in TIME-WAIT.
    pub time_wait: usize,
    /// How often a connection was looked at, since the start.
    pub visits: u64,
}

impl<I, C, R> Clone for Tcp<I, C, R> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<I: Ip, C: Clock, R: Random> Tcp<I, C, R> {
    /// TCP over `ip`. What a flow flushes is sent at once, without Nagle's algorithm: what is not to go alone is not
    /// flushed.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(ip: I, clock: C, random: R) -> Result<Self, Infallible> {
        Ok(Self::new(ip, clock, random, Config { nagle: false, ..Config::default() }))
    }

    /// The same with everything that can be chosen.
    pub fn new(ip: I, clock: C, mut random: R, config: Config) -> Self {
        let below = ip.clone();
        let core = Core::new(Secret::new(&mut random), config, Box::new(move || below.wake()));
        let endpoint = Rc::new(Endpoint {
            core,
            ip: ip.clone(),
            half_open: RefCell::default(),
            cookies: RefCell::default(),
            challenges: RefCell::default(),
            batch: RefCell::default(),
            replies: Cell::default(),
            spare: Cell::default(),
            dynamic: RefCell::new(Ports::new(random.next_u32())),
            clock,
            random: RefCell::new(random),
        });
        ip.attach(output::PROTOCOL, endpoint.clone());
        Self(endpoint)
    }

    /// How many connections there are, and the like.
    pub fn stats(&self) -> Stats {
        let Endpoint { core, half_open, .. } = &*self.0;
        Stats {
            connections: core.connections.borrow().len(),
            half_open: half_open.borrow().len(),
            time_wait: core.time_waits.borrow().len(),
            visits: core.visits.get(),
        }
    }
}

impl<I: Ip, C: Clock, R: Random> mirage::Tcp for Tcp<I, C, R> {
    type Flow = Flow;
    type Listener = Listener;
    type Error = Error;

    async fn connect(&self, peer: SocketAddr) -> Result<Flow, Error> {
        let socket = self.0.open(peer)?;
        // Should nobody wait for it any longer, it is dropped and gives up.
        let flow = Flow::new(Rc::clone(&socket));
        poll_fn(|context| socket.poll_opened(context)).await?;
        Ok(flow)
    }

    async fn listen(&self, port: u16) -> Result<Listener, Error> {
        let Endpoint { core, dynamic, .. } = &*self.0;
        let port = match port {
            0 => {
                let taken = |port| core.ports.borrow().is_taken(port);
                dynamic.borrow_mut().pick(self.0.random(), taken).ok_or(Error::NoPort)?
            }
            port => port,
        };
        Listener::new(core, port)
    }
}

impl<I: Ip, C: Clock, R: Random> Endpoint<I, C, R> {
    /// Begins a handshake with `peer` (RFC 9293 section 3.10.1).
    fn open(&self, peer: SocketAddr) -> Result<Rc<Socket>, Error> {
        let Self { core, ip, clock, dynamic, .. } = self;
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let group = match peer.ip() {
            IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
            IpAddr::V6(address) => address.is_multicast(),
        };
        if group || peer.ip().is_unspecified() || peer.port() == 0 {
            return Err(Refused::NoRoute.into());
        }
        let route = ip.route(peer.ip())?;
        let pair = |port| Pair::new(SocketAddr::new(route.source, port), peer);
        let taken = |port| {
            let pair = pair(port);
            let hash = core.secret.hash(&pair);
            core.ports.borrow().is_taken(port)
                || core.connections.borrow().find(hash, &pair).is_some()
                || core.time_waits.borrow().find(hash, &pair).is_some()
        };
        let port = dynamic.borrow_mut().pick(core.secret.port(&pair(0)), taken).ok_or(Error::NoPort)?;
        let (pair, now) = (pair(port), clock.now());
        let (iss, offset) = (Seq(core.secret.sequence(&pair, now)), core.secret.clock(&pair));
        let connection = Connection::connect(now, iss, offset, output::path(&route), Rc::clone(&core.shared));
        let socket = core.insert(pair, connection, route.offloads);
        core.touch(&socket);
        Ok(socket)
    }

    pub(super) fn random(&self) -> u32 {
        self.random.borrow_mut().next_u32()
    }
}
