//! What is asked of our own stack on Linux, asked of it in a virtual machine on a tap: the same tests, of sizes that an
//! emulated machine does in its time.

use mirage_e2e::{Direct, Project, have, peer, skip};

static BULK: Direct = Direct::machine(|| Project::fixture("bulk"));

static KNOCKING: Direct = Direct::machine(|| Project::new("kvm-names", "knocking"));

static WIRE: Direct = Direct::machine(|| Project::fixture("wire"));

/// Whether there is something to run a machine with.
fn machines() -> bool {
    let there = have("qemu-system-x86_64");
    if !there {
        skip("our own stack in a virtual machine", "there is no QEMU (package qemu-system-x86)");
    }
    there
}

#[test]
fn bytes_arrive_whole_both_ways() {
    if machines() {
        peer::bytes_arrive_whole_both_ways(&BULK, 256 << 20);
    }
}

#[test]
fn echo_over_tcp_and_udp_and_ping() {
    if machines() {
        peer::echo_over_tcp_and_udp_and_ping(&BULK);
    }
}

#[test]
fn echo_over_ipv6() {
    if machines() {
        peer::echo_over_ipv6(&BULK);
    }
}

#[test]
fn many_connections_at_once() {
    if machines() {
        peer::many_connections_at_once(&BULK, 1_000);
    }
}

#[test]
fn a_syn_flood_holds_up_neither_old_clients_nor_new_ones() {
    if machines() {
        peer::a_syn_flood_holds_up_neither_old_clients_nor_new_ones(&BULK);
    }
}

#[test]
fn scans_and_ping_floods_leave_it_serving() {
    if machines() {
        peer::scans_and_ping_floods_leave_it_serving(&BULK);
    }
}

#[test]
fn an_address_by_dhcp_renewed_and_asked_for_again() {
    if machines() {
        peer::an_address_by_dhcp_renewed_and_asked_for_again(&KNOCKING);
    }
}

#[test]
fn names_resolve_through_the_server_dhcp_told_of() {
    if machines() {
        peer::names_resolve_through_the_server_dhcp_told_of(&KNOCKING);
    }
}

#[test]
fn the_demo_of_the_talk_over_a_tap() {
    if machines() {
        peer::the_demo_of_the_talk(&KNOCKING);
    }
}

#[test]
fn two_interfaces_in_one_image() {
    if machines() {
        peer::over_a_bad_wire(&WIRE, &BULK, &["--loss", "10", "--latency", "1000"], 4);
    }
}
