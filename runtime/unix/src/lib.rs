//! The unix platform: a unikernel as a Linux process, on the sockets of its kernel or on a tap device.
//!
//! One thread, one loop: run the tasks that are ready, then sleep in `epoll_wait` until a file descriptor, a timer or
//! a signal says more. One file a device; [`main!`] is what the generated main.rs ends with.
#![deny(unsafe_code)] // but for the `ioctl`s of `tap/sys.rs`
#![allow(async_fn_in_trait)]

mod clock;
mod error;
mod logger;
mod platform;
mod pool;
mod random;
mod reactor;
mod resolver;
mod run;
mod signals;
mod socket;
mod stdio;
mod tap;
mod time;
mod watch;

pub use clock::{Clock, WallClock};
pub use error::Error;
pub use logger::Logger;
pub use platform::{Platform, Spawner};
pub use random::Random;
pub use resolver::{Resolver, Unresolved};
pub use run::{run, run_words};
pub use socket::{SocketStack, TcpFlow, TcpListener, TcpReader, TcpSockets, TcpWriter, UdpSocket, UdpSockets};
pub use stdio::Stdio;
pub use tap::{Tap, TapError};
pub use time::Time;

/// Ends a generated main.rs: `main!("name", ARGUMENTS, start)` defines `main`.
#[macro_export]
macro_rules! main {
    ($name:literal, $arguments:expr, $start:path $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            $crate::run($name, $arguments, $start)
        }
    };
}
