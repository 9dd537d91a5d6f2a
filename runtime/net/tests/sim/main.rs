//! The stack on a simulated wire, against itself and against smoltcp's sockets.
//!
//! The seed of a run follows from the test's name and is printed when it fails; see `mirage_test`.

mod address;
mod dual;
mod exchange;
mod peer;
mod ping;
mod random;
mod router;
mod routes;
mod smoltcp_alone;
mod tcp;
mod udp;

/// The test's two hosts.
const HERE: [u8; 4] = [10, 0, 0, 1];
const THERE: [u8; 4] = [10, 0, 0, 2];
