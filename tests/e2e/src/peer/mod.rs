//! What Linux does at the other end of a unikernel's tap, whatever the unikernel runs on.
//!
//! Where a namespace or a tap cannot be had, each says so and returns.

mod demo;
mod echo;
mod hostile;
mod names;
mod stream;

pub use demo::the_demo_of_the_talk;
pub use echo::{echo_over_ipv6, echo_over_tcp_and_udp_and_ping};
pub use hostile::{
    a_syn_flood_holds_up_neither_old_clients_nor_new_ones, over_a_bad_wire, scans_and_ping_floods_leave_it_serving,
    slow_clients_hold_up_nobody,
};
pub use names::{
    a_server_that_comes_late_is_found, an_address_by_dhcp_renewed_and_asked_for_again,
    names_resolve_through_the_server_dhcp_told_of,
};
pub use stream::{bytes_arrive_whole_both_ways, many_connections_at_once, wrk_has_every_request_answered};
