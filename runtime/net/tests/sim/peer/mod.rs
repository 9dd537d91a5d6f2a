//! An independent peer: smoltcp's own interface and sockets on a port of the wire, behind the traits of `mirage`.

mod device;
mod flow;
mod host;
mod tcp;
mod udp;

pub use host::Peer;
