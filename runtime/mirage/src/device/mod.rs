//! The device traits, one file a device: what MirageOS calls module types.

mod clock;
mod console;
mod ip;
mod link;
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
pub use ip::{Header, Ip, Packet, Packets, Route, Undelivered, Why};
pub use link::{Ethernet, EthernetFrame, Frames, Neighbours, Refused};
pub use logger::Logger;
pub use network::{Checksum, MacAddress, Network, Offload, Offloads, Received};
pub use random::Random;
pub use resolver::Resolver;
pub use spawn::Spawn;
pub use stack::{Stack, TcpOf, UdpOf};
pub use tcp::{BufWrite, Flow, Listener, Tcp};
pub use time::{Elapsed, Time};
pub use udp::{Udp, UdpSocket};
