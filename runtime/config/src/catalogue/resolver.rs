//! Host names.

use mirage::kind;

use super::layers::shared;
use super::stack::net;
use super::{default_clock, default_random, default_time};
use crate::device::{Target, device};
use crate::key::match_impl;
use crate::node::Impl;

/// The resolver that goes with [`generic_stack`](super::generic_stack): the host's own where the stack is the host's
/// sockets, one over the stack where it is ours.
#[track_caller]
pub fn default_resolver(stack: Impl<kind::Stack>) -> Impl<kind::Resolver> {
    let system = device("resolver").doc("The host's resolver").on(Target::Unix, "mirage_unix::Resolver").provide();
    let direct = device("resolver_direct")
        .doc("A resolver that asks name servers itself")
        .everywhere("mirage_net::Resolver")
        .over(stack)
        .over(shared(stack, default_clock))
        .over(shared(stack, default_time))
        .over(shared(stack, default_random))
        .provide();
    match_impl(net(), [("socket", system), ("direct", direct)])
}
