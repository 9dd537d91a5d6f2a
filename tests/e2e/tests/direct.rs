//! Our own TCP/IP stack on a tap device, with Linux's at the other end of it, in a network namespace.

use mirage_e2e::{Direct, Project, peer};

static BULK: Direct = Direct::new(|| Project::fixture("bulk"));

static KNOCKING: Direct = Direct::new(|| Project::new("knocking-direct", "knocking"));

#[test]
fn bytes_arrive_whole_both_ways() {
    peer::bytes_arrive_whole_both_ways(&BULK, 1 << 30);
}

#[test]
fn echo_over_tcp_and_udp_and_ping() {
    peer::echo_over_tcp_and_udp_and_ping(&BULK);
}

#[test]
fn echo_over_ipv6() {
    peer::echo_over_ipv6(&BULK);
}

#[test]
fn many_connections_at_once() {
    peer::many_connections_at_once(&BULK, 10_000);
}

#[test]
fn wrk_has_every_request_answered() {
    peer::wrk_has_every_request_answered(&BULK, 100);
}

#[test]
fn the_demo_of_the_talk_over_our_own_stack() {
    peer::the_demo_of_the_talk(&KNOCKING);
}
