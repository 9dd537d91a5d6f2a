//! Network interfaces: raw Ethernet frames.

use mirage::kind;

use crate::device::{Target, device};
use crate::node::Impl;

/// The first network interface: a tap device on unix, the first virtual card elsewhere. One stack owns it.
#[track_caller]
pub fn default_network() -> Impl<kind::Network> {
    network()
}

/// One more network interface.
#[track_caller]
pub fn network() -> Impl<kind::Network> {
    device("netif")
        .doc("A network interface: raw Ethernet frames")
        .on(Target::Unix, "mirage_unix::Tap")
        .arguments_on::<mirage::args::Interface>(Target::Unix)
        .on(Target::Kvm, "mirage_kvm::Net")
        .on(Target::Xen, "mirage_xen::Net")
        .provide()
}
