//! A network in memory, at the level of Ethernet frames: what a stack, a bridge or a firewall is tested on.
//!
//! A [`Wire`] is one Ethernet segment, a switch with as many [`Port`]s as are asked for. A port is a
//! [`mirage::Network`], so that everything made for a network interface runs on it. How well the wire works is said
//! with [`Conditions`], for all of it or for one direction of one port's [`Line`]; everything random about it follows
//! from the test's seed, and time is the world's.
//!
//! ```
//! use std::time::Duration;
//! use mirage::{Network as _, Offload, Received};
//! use mirage_test::Conditions;
//!
//! # mirage_test::run(mirage_test::Options { name: "a frame", seed: None }, |world| async move {
//! let wire = world.wire();
//! wire.conditions(Conditions::after(Duration::from_millis(5)));
//! let (mut here, mut there) = (wire.port(), wire.port());
//!
//! let header = [&there.mac().0[..], &here.mac().0, &[0x88, 0xb5]].concat(); // an EtherType for experiments
//! here.send(&[&header, b"good morning"], Offload::default()).unwrap();
//! here.notify().unwrap();
//!
//! there.ready().await.unwrap();
//! let mut seen = Vec::new();
//! there.receive(64, &mut |frame: &mut [u8], _: Received| seen.push(frame.to_vec())).unwrap();
//! assert!(seen[0][14..].starts_with(b"good morning"));
//! assert_eq!(mirage::Clock::now(&world.clock()).as_nanos(), 5_000_000);
//! # });
//! ```
//!
//! # Looking at the frames
//! [`Wire::capture`] writes a file for Wireshark or tcpdump. Without a word in the test, `MIRAGE_TEST_PCAP=FOLDER`
//! has every failing test leave there what its wires and its ports saw.

mod capture;
mod coalesce;
mod conditions;
mod headers;
mod line;
mod offload;
mod passage;
mod port;
mod switch;

pub(crate) use capture::Captures;
pub use conditions::Conditions;
pub use line::{Counters, Line};
pub use port::Port;
pub use switch::Wire;
