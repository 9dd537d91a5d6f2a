//! The host and the task that drives it.

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use mirage::{Clock as _, Network as _, Spawn as _, Time as _};
use mirage_test::{Port, World};
use rand_core::Rng as _;
use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpCidr};

use super::device::Device;

/// A host that runs smoltcp. All clones are one host.
#[derive(Clone)]
pub struct Peer {
    pub(super) core: Rc<RefCell<Core>>,
}

pub struct Core {
    interface: Interface,
    pub(super) sockets: SocketSet<'static>,
    device: Device,
    /// An application has done something.
    kicked: bool,
    driver: Option<Waker>,
    next_port: u16,
}

impl Core {
    pub fn parts(&mut self) -> (&mut Interface, &mut SocketSet<'static>) {
        (&mut self.interface, &mut self.sockets)
    }

    /// Has the driver look.
    pub fn kick(&mut self) {
        self.kicked = true;
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    /// A port nobody had before.
    pub fn free_port(&mut self) -> u16 {
        self.next_port += 1;
        self.next_port
    }
}

impl Peer {
    /// A host on `port` with this address in a /24, and the gateway, if any, that is `.254` there.
    pub fn new(world: &World, port: Port, address: [u8; 4]) -> Self {
        let mut device = Device::new(port);
        let mut config = Config::new(EthernetAddress(device.port.mac().0).into());
        config.random_seed = world.random().next_u64();
        let mut interface = Interface::new(config, &mut device, now(world));
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(Ipv4Addr::from(address).into(), 24)).unwrap();
        });
        let sockets = SocketSet::new(Vec::new());
        let core = Core { interface, sockets, device, kicked: true, driver: None, next_port: 49_152 };
        let peer = Self { core: Rc::new(RefCell::new(core)) };
        world.spawner().spawn(drive(world.clone(), Rc::clone(&peer.core)));
        peer
    }
}

fn now(world: &World) -> Instant {
    Instant::from_micros(i64::try_from(world.clock().now().as_nanos() / 1000).unwrap())
}

async fn drive(world: World, core: Rc<RefCell<Core>>) {
    loop {
        let delay = {
            let Core { interface, sockets, device, kicked, .. } = &mut *core.borrow_mut();
            *kicked = false;
            device.take();
            interface.poll(now(&world), device, sockets);
            interface.poll_delay(now(&world), sockets)
        };
        // Without a deadline, a day is one. At once would be for ever: time stands while anything is done.
        let delay =
            delay.map_or(Duration::from_secs(86_400), |delay| Duration::from_micros(delay.total_micros().max(1)));
        let time = world.time();
        let mut sleep = pin!(time.sleep(delay));
        poll_fn(|context| {
            let core = &mut *core.borrow_mut();
            core.driver = Some(context.waker().clone());
            let ready = core.kicked || core.device.port.poll_ready(context).is_ready();
            if ready { Poll::Ready(()) } else { sleep.as_mut().poll(context) }
        })
        .await;
    }
}
