//! The transports of a stack, for jobs that ask for less than a whole one.

use mirage::kind;

use crate::device::device;
use crate::node::Impl;

/// The TCP of a stack.
#[track_caller]
pub fn tcp_of(stack: Impl<kind::Stack>) -> Impl<kind::Tcp> {
    device("tcp_of_stack").doc("The TCP of a stack").everywhere("mirage::TcpOf").over(stack).provide()
}

/// The UDP of a stack.
#[track_caller]
pub fn udp_of(stack: Impl<kind::Stack>) -> Impl<kind::Udp> {
    device("udp_of_stack").doc("The UDP of a stack").everywhere("mirage::UdpOf").over(stack).provide()
}
