//! A DHCP server on the wire.

use std::cell::{Cell, RefCell};
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use mirage::args::Ipv4Network;
use mirage::{Spawn as _, Stack as _, Udp as _, UdpSocket as _};

use super::Direct;
use super::lease::Leases;
use crate::World;

/// The ports of servers and clients (RFC 2131, section 4.1).
const SERVER: u16 = 67;
const CLIENT: u16 = 68;

/// A DHCP server (RFC 2131). It leases the addresses of its network from the tenth on, and says that it is the router
/// and the name server. All clones are one server.
#[derive(Clone)]
pub struct DhcpServer(Rc<State>);

struct State {
    leases: RefCell<Leases>,
    silent: Cell<bool>,
}

impl DhcpServer {
    pub(super) async fn start(world: &World, stack: &Direct, network: Ipv4Network) -> Self {
        let state = Rc::new(State { leases: RefCell::new(Leases::new(network)), silent: Cell::new(false) });
        let socket = stack.udp().bind(SERVER).await.expect("a new stack has every port free");
        // The stack lives as long as its server.
        let (server, stack) = (Rc::clone(&state), stack.clone());
        world.spawner().spawn(async move {
            let _stack = stack;
            let mut buffer = [0; 1500];
            while let Ok((length, _)) = socket.receive(&mut buffer).await {
                let answer = server.leases.borrow_mut().answer(&buffer[..length]);
                let Some((to, reply)) = answer.filter(|_| !server.silent.get()) else { continue };
                let to = if to.is_unspecified() { Ipv4Addr::BROADCAST } else { to };
                // A reply that is lost is asked for again.
                let _ = socket.send(&reply, (to, CLIENT).into()).await;
            }
        });
        Self(state)
    }

    /// How long leases last from now on; an hour if nothing is said.
    pub fn lease(&self, length: Duration) {
        self.0.leases.borrow_mut().seconds = u32::try_from(length.as_secs()).unwrap_or(u32::MAX);
    }

    /// Whether it answers nobody any longer, or does again.
    pub fn silent(&self, silent: bool) {
        self.0.silent.set(silent);
    }

    /// The addresses it has leased.
    pub fn leased(&self) -> Vec<Ipv4Addr> {
        self.0.leases.borrow().leased()
    }

    /// The addresses that clients have declined, because somebody has them (RFC 2131, section 3.1.5).
    pub fn declined(&self) -> Vec<Ipv4Addr> {
        self.0.leases.borrow().declined()
    }
}
