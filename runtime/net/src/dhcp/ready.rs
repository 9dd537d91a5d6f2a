//! What the devices of this folder have in common: they are the IP they stand on, once it has an address.

use alloc::rc::Rc;
use core::cell::Cell;
use core::future::poll_fn;
use core::net::IpAddr;
use core::task::Poll;

use super::Server;
use crate::udp::Wakers;

/// Told once that there is an address.
#[derive(Default)]
pub struct Ready {
    there: Cell<bool>,
    waiting: Wakers,
}

impl Ready {
    pub fn set(&self) {
        self.there.set(true);
        self.waiting.wake();
    }

    pub async fn wait(&self) {
        poll_fn(|context| {
            if self.there.get() {
                return Poll::Ready(());
            }
            self.waiting.add(context);
            Poll::Pending
        })
        .await;
    }
}

/// The name servers told at start.
pub fn told(servers: &[Server]) -> Rc<[IpAddr]> {
    servers.iter().map(|&Server(server)| server).collect()
}

/// Implements `Ip` for a device by the field `ip` it has; the name servers in `told`, if any, are preferred to those that
/// come with the address.
macro_rules! ip_of {
    ($device:ident<I $(, $other:ident)*>) => {
        impl<I: mirage::Ip $(, $other: 'static)*> mirage::Ip for $device<I $(, $other)*> {
            fn attach(&self, number: u8, protocol: alloc::rc::Rc<dyn mirage::Packets>) {
                self.ip.attach(number, protocol);
            }

            fn is_local(&self, address: core::net::IpAddr) -> bool {
                self.ip.is_local(address)
            }

            fn route(&self, destination: core::net::IpAddr) -> Result<mirage::Route, mirage::Refused> {
                self.ip.route(destination)
            }

            fn send(
                &self,
                header: mirage::Header,
                payload: &[&[u8]],
                offload: mirage::Offload,
            ) -> Result<(), mirage::Refused> {
                self.ip.send(header, payload, offload)
            }

            fn wake(&self) {
                self.ip.wake();
            }

            fn nameservers(&self) -> alloc::vec::Vec<core::net::IpAddr> {
                if self.told.is_empty() { self.ip.nameservers() } else { self.told.to_vec() }
            }
        }
    };
}

pub(super) use ip_of;
