//! Our own stack with dnsmasq in the host's place: addresses by DHCP, names by DNS.

use mirage_e2e::{Direct, Project, peer};

/// The demo for our own stack, with what `--ip` is by itself.
static KNOCKING: Direct = Direct::new(|| Project::new("knocking-names", "knocking"));

#[test]
fn an_address_by_dhcp_renewed_and_asked_for_again() {
    peer::an_address_by_dhcp_renewed_and_asked_for_again(&KNOCKING);
}

#[test]
fn a_server_that_comes_late_is_found() {
    peer::a_server_that_comes_late_is_found(&KNOCKING);
}

#[test]
fn names_resolve_through_the_server_dhcp_told_of() {
    peer::names_resolve_through_the_server_dhcp_told_of(&KNOCKING);
}
