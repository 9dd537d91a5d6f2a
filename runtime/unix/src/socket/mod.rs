//! The kernel's sockets as a network stack, over IPv4 and IPv6.

mod address;
mod flow;
mod stack;
mod tcp;
mod udp;

pub use flow::{TcpFlow, TcpReader, TcpWriter};
pub use stack::SocketStack;
pub use tcp::{TcpListener, TcpSockets};
pub use udp::{UdpSocket, UdpSockets};
