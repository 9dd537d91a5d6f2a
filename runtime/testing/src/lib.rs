//! Runs a unikernel in a test: in-memory devices, virtual time and a simulated network, on the host, without rights.
//!
//! ```
//! # mod app {
//! #     use mirage::{Console, Time};
//! #     pub async fn start(console: impl Console, time: impl Time) {
//! #         console.log("good morning").await;
//! #         time.sleep(core::time::Duration::from_secs(16 * 60 * 60)).await;
//! #         console.log("good night").await;
//! #     }
//! # }
//! #[mirage::test]
//! async fn says_good_night(world: mirage_test::World) {
//!     app::start(world.console(), world.time()).await;
//!     assert_eq!(world.console().lines(), ["good morning", "good night"]);
//! }
//! ```
//!
//! Time is virtual: when nothing is left to do at one moment, the clock jumps to the next that anybody waits for, so
//! that sixteen hours pass at once. Everything random comes from one seed, by default the test's name, and the network
//! is part of it: how long bytes are under way and into what pieces they fall. So a run repeats exactly; a failing one
//! prints its seed, and `MIRAGE_TEST_SEED` tries others.
//!
//! What is made for a network interface rather than for sockets runs on a [`wire`]: Ethernet frames in memory, with
//! loss, duplication, reordering, corruption, delays and a rate. With the feature `direct`, hosts on it run Mirage's own
//! TCP/IP stack (`World::direct`), with a DHCP server (`World::dhcp_server`) if wanted. It is off by default: it has `cargo test` compile that stack and the packet formats
//! below it, 8 s of processor time the first time, which only who tests at that level needs.
#![forbid(unsafe_code)]
#![allow(async_fn_in_trait)]

mod args;
mod clock;
mod console;
#[cfg(feature = "direct")]
mod direct;
mod network;
mod random;
mod resolver;
mod run;
mod signal;
pub mod wire;
mod world;

pub use args::args;
pub use clock::{Clock, Time, WallClock};
pub use console::Console;
#[cfg(feature = "direct")]
pub use direct::{Arp, DhcpServer, Direct, DirectTcp, DirectUdp, Ethernet, Ip, Ipv4, Ipv6, Layers, Told};
pub use network::{Flow, Host, Listener, Network, Reader, Stack, Tcp, Udp, UdpSocket, Writer, read_to_end};
pub use random::Random;
pub use resolver::{Resolver, Unknown};
pub use run::{Options, TestOutcome, run};
pub use wire::{Conditions, Line, Port, Wire};
pub use world::{Spawner, World};
