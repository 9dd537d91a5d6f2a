//! The catalogue: the devices there are, one file a device, each described with the builder a user has too.

mod address;
mod args;
mod clock;
mod console;
mod layers;
mod logger;
mod network;
mod random;
mod resolver;
mod spawn;
mod stack;
mod time;
mod transport;
mod wall_clock;

pub use address::{Address, addressed, default_address, dhcp_address, static_address};
pub use args::args;
pub use clock::default_clock;
pub use console::{default_console, virtio_console};
pub use layers::{arp, dual, ethernet, ipv4, ipv6, joined, tcp, udp};
pub use logger::default_logger;
pub use network::{default_network, network};
pub use random::default_random;
pub use resolver::default_resolver;
pub use spawn::default_spawn;
pub use stack::{dhcp_stack, direct_stack, generic_stack, multihomed_stack, socket_stack, static_stack};
pub use time::default_time;
pub use transport::{tcp_of, udp_of};
pub use wall_clock::default_wall_clock;
