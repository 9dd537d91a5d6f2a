//! The stack of layers.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::net::IpAddr;

use mirage::{Ip, Stack, Tcp, Udp};

/// TCP and UDP over one IP, once there are addresses: MirageOS's `direct` stack.
#[derive(Clone)]
pub struct Direct<I, U, T, A> {
    ip: I,
    udp: U,
    tcp: T,
    /// What sees to the addresses is kept for as long as they are used.
    _addresses: A,
}

impl<I: Ip, U: Udp, T: Tcp, A: Clone + 'static> Direct<I, U, T, A> {
    /// Puts the layers together; `addresses` is the device that has given `ip` its own.
    ///
    /// # Errors
    /// Never.
    pub async fn connect(ip: I, udp: U, tcp: T, addresses: A) -> Result<Self, Infallible> {
        Ok(Self { ip, udp, tcp, _addresses: addresses })
    }
}

impl<I: Ip, U: Udp, T: Tcp, A: Clone + 'static> Stack for Direct<I, U, T, A> {
    type Tcp = T;
    type Udp = U;

    fn tcp(&self) -> &T {
        &self.tcp
    }

    fn udp(&self) -> &U {
        &self.udp
    }

    fn nameservers(&self) -> Vec<IpAddr> {
        self.ip.nameservers()
    }
}
