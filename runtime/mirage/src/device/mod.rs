//! The device traits, one file a device: what MirageOS calls module types.

mod clock;
mod console;
mod logger;
mod network;
mod random;
mod resolver;
mod spawn;
mod stack;
mod tcp;
mod time;
mod udp;

pub use clock::{Clock, WallClock};
pub use console::Console;
pub use logger::Logger;
pub use network::{Frame, MacAddress, Network};
pub use random::Random;
pub use resolver::Resolver;
pub use spawn::Spawn;
pub use stack::{Stack, TcpOf, UdpOf};
pub use tcp::{BufWrite, Flow, Listener, Tcp};
pub use time::{Elapsed, Time};
pub use udp::{Udp, UdpSocket};
