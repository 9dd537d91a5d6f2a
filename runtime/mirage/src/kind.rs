//! The kinds of the devices above: what a handle in config.rs is a handle to.
//!
//! Each is an empty enum that implements the device trait of its name; see [`Kind`].

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::net::{IpAddr, SocketAddr};
use core::task::{Context, Poll};
use core::time::Duration;

use embedded_io_async::{BufRead, ErrorType, Read, Write};

use crate::device;
use crate::meta::Kind;
use crate::time::{Instant, Timestamp};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $(, shared: $shared:literal)?;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl Kind for $name {
            const NAME: &'static str = stringify!($name);
            $(const SHARED: bool = $shared;)?
        }
    )*};
}

kinds! {
    /// The kind of [`device::Clock`].
    Clock;
    /// The kind of [`device::Console`].
    Console;
    /// The kind of [`device::Ethernet`].
    Ethernet;
    /// The kind of [`device::Ip`].
    Ip;
    /// The kind of [`device::Logger`].
    Logger;
    /// The kind of [`device::Neighbours`].
    Neighbours;
    /// The kind of [`device::Network`]: frames go to one reader, so one owner is all it may have.
    Network, shared: false;
    /// The kind of [`device::Random`].
    Random;
    /// The kind of [`device::Resolver`].
    Resolver;
    /// The kind of [`device::Spawn`].
    Spawn;
    /// The kind of [`device::Stack`].
    Stack;
    /// The kind of [`device::Tcp`].
    Tcp;
    /// The kind of [`device::Time`].
    Time;
    /// The kind of [`device::Udp`].
    Udp;
    /// The kind of [`device::WallClock`].
    WallClock;
}

/// A flow, listener or socket of a kind: never there either.
#[derive(Debug)]
pub enum Never {}

impl device::Clock for Clock {
    fn now(&self) -> Instant {
        match *self {}
    }
}

impl device::WallClock for WallClock {
    fn now(&self) -> Timestamp {
        match *self {}
    }
}

impl device::Console for Console {
    type Error = Infallible;

    async fn write(&self, _: &[u8]) -> Result<(), Infallible> {
        match *self {}
    }

    async fn read(&self, _: &mut [u8]) -> Result<usize, Infallible> {
        match *self {}
    }
}

impl device::Logger for Logger {}

impl device::Network for Network {
    type Error = Infallible;

    fn mac(&self) -> device::MacAddress {
        match *self {}
    }

    fn mtu(&self) -> usize {
        match *self {}
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        match *self {}
    }

    fn receive(&mut self, _: usize, _: &mut dyn FnMut(&mut [u8], device::Received)) -> Result<usize, Infallible> {
        match *self {}
    }

    fn send(&mut self, _: &[&[u8]], _: device::Offload) -> Result<bool, Infallible> {
        match *self {}
    }

    fn notify(&mut self) -> Result<(), Infallible> {
        match *self {}
    }
}

impl device::Ethernet for Ethernet {
    fn mac(&self) -> device::MacAddress {
        match *self {}
    }

    fn mtu(&self) -> usize {
        match *self {}
    }

    fn offloads(&self) -> device::Offloads {
        match *self {}
    }

    fn attach(&self, _: u16, _: Rc<dyn device::Frames>) {
        match *self {}
    }

    fn send(&self, _: device::MacAddress, _: u16, _: &[&[u8]], _: device::Offload) -> Result<(), device::Refused> {
        match *self {}
    }

    fn wake(&self) {
        match *self {}
    }
}

impl device::Neighbours for Neighbours {
    fn claim(&self, _: IpAddr) {
        match *self {}
    }

    fn release(&self, _: IpAddr) {
        match *self {}
    }

    fn send(&self, _: IpAddr, _: &[&[u8]], _: device::Offload) -> Result<(), device::Refused> {
        match *self {}
    }
}

impl device::Ip for Ip {
    fn attach(&self, _: u8, _: Rc<dyn device::Packets>) {
        match *self {}
    }

    fn is_local(&self, _: IpAddr) -> bool {
        match *self {}
    }

    fn route(&self, _: IpAddr) -> Result<device::Route, device::Refused> {
        match *self {}
    }

    fn send(&self, _: device::Header, _: &[&[u8]], _: device::Offload) -> Result<(), device::Refused> {
        match *self {}
    }

    fn refuse(&self, _: &device::Packet<'_>) {
        match *self {}
    }

    fn wake(&self) {
        match *self {}
    }
}

impl rand_core::TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        match *self {}
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        match *self {}
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
        match *self {}
    }
}

impl rand_core::TryCryptoRng for Random {}

impl device::Resolver for Resolver {
    type Error = Infallible;

    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, Infallible> {
        match *self {}
    }
}

impl device::Spawn for Spawn {
    fn spawn<F: Future<Output = ()> + 'static>(&self, _: F) {
        match *self {}
    }
}

impl device::Time for Time {
    async fn sleep(&self, _: Duration) {
        match *self {}
    }
}

impl device::Stack for Stack {
    type Tcp = Tcp;
    type Udp = Udp;

    fn tcp(&self) -> &Tcp {
        match *self {}
    }

    fn udp(&self) -> &Udp {
        match *self {}
    }
}

impl device::Tcp for Tcp {
    type Flow = Never;
    type Listener = Never;
    type Error = Infallible;

    async fn connect(&self, _: SocketAddr) -> Result<Never, Infallible> {
        match *self {}
    }

    async fn listen(&self, _: u16) -> Result<Never, Infallible> {
        match *self {}
    }
}

impl device::Listener for Never {
    type Flow = Never;
    type Error = Infallible;

    async fn accept(&mut self) -> Result<Never, Infallible> {
        match *self {}
    }

    fn port(&self) -> u16 {
        match *self {}
    }
}

impl device::Udp for Udp {
    type Socket = Never;
    type Error = Infallible;

    async fn bind(&self, _: u16) -> Result<Never, Infallible> {
        match *self {}
    }
}

impl device::UdpSocket for Never {
    type Error = Infallible;

    async fn receive(&self, _: &mut [u8]) -> Result<(usize, SocketAddr), Infallible> {
        match *self {}
    }

    async fn send(&self, _: &[u8], _: SocketAddr) -> Result<(), Infallible> {
        match *self {}
    }

    fn port(&self) -> u16 {
        match *self {}
    }
}

impl ErrorType for Never {
    type Error = Infallible;
}

impl Read for Never {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
        match *self {}
    }
}

impl BufRead for Never {
    async fn fill_buf(&mut self) -> Result<&[u8], Infallible> {
        match *self {}
    }

    fn consume(&mut self, _: usize) {
        match *self {}
    }
}

impl Write for Never {
    async fn write(&mut self, _: &[u8]) -> Result<usize, Infallible> {
        match *self {}
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        match *self {}
    }
}

impl device::BufWrite for Never {
    async fn space(&mut self) -> Result<&mut [u8], Infallible> {
        match *self {}
    }

    fn commit(&mut self, _: usize) {
        match *self {}
    }

    async fn close(&mut self) -> Result<(), Infallible> {
        match *self {}
    }
}

impl device::Flow for Never {
    type Reader = Never;
    type Writer = Never;

    fn peer(&self) -> SocketAddr {
        match *self {}
    }

    fn local(&self) -> SocketAddr {
        match *self {}
    }

    fn split(self) -> (Never, Never) {
        match self {}
    }
}
