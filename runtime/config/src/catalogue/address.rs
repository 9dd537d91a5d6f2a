//! Where an IPv4 layer has its address from.

use mirage::args::{AutoIpv4, DhcpIpv4, StaticIpv4};
use mirage::kind;
use mirage::meta::Kind;

use super::layers::shared;
use super::{default_clock, default_random, default_spawn, default_time};
use crate::device::{Device, device};
use crate::key::{Key, OneOf, choice, match_impl};
use crate::node::Impl;

/// The kind of what gives an IPv4 layer its address. No job asks for one: a stack waits for it.
pub enum Address {}

impl Kind for Address {
    const NAME: &'static str = "Address";
}

/// The key `--ip`: where addresses come from.
#[track_caller]
fn ip() -> Key<OneOf> {
    let values =
        [("auto", "static when told at boot, else by DHCP"), ("dhcp", "by DHCP only"), ("static", "told at boot only")];
    choice("ip", "Where a direct stack has its IPv4 address from", values).short_form("dhcp", "dhcp")
}

/// The address `--ip` chooses.
#[track_caller]
pub fn default_address(ipv4: Impl<kind::Ip>, udp: Impl<kind::Udp>) -> Impl<Address> {
    let auto = asking("address", "The address told at boot, else one by DHCP", "mirage_net::Auto", ipv4, udp);
    match_impl(
        ip(),
        [
            ("auto", auto.arguments::<AutoIpv4>().provide()),
            ("dhcp", dhcp_address(ipv4, udp)),
            ("static", static_address(ipv4)),
        ],
    )
}

/// The address told at boot.
#[track_caller]
pub fn static_address(ipv4: Impl<kind::Ip>) -> Impl<Address> {
    device("address_static")
        .doc("The address told at boot")
        .everywhere("mirage_net::Static")
        .over(ipv4)
        .arguments::<StaticIpv4>()
        .provide()
}

/// An address by DHCP.
#[track_caller]
pub fn dhcp_address(ipv4: Impl<kind::Ip>, udp: Impl<kind::Udp>) -> Impl<Address> {
    asking("address_dhcp", "An address by DHCP", "mirage_net::Dhcp", ipv4, udp).arguments::<DhcpIpv4>().provide()
}

/// IP once it has its address: for a job that takes packets and no stack. `ip` is the layer that was given it, or one
/// over that.
///
/// ```
/// # use mirage_config::prelude::*;
/// let ethernet = ethernet(default_network());
/// let ipv4 = ipv4(ethernet, arp(ethernet));
/// let ip = addressed(dual(ipv4, ipv6(ethernet)), static_address(ipv4));
/// ```
#[track_caller]
pub fn addressed(ip: Impl<kind::Ip>, address: Impl<Address>) -> Impl<kind::Ip> {
    device("addressed")
        .doc("IP packets, once there is an address")
        .everywhere("mirage_net::Addressed")
        .over(ip)
        .over(address)
        .provide()
}

/// The addresses of two interfaces.
#[track_caller]
pub(super) fn both_addresses(first: Impl<Address>, second: Impl<Address>) -> Impl<Address> {
    device("addresses")
        .doc("The addresses of two interfaces")
        .everywhere("mirage_net::Addresses")
        .over(first)
        .over(second)
        .provide()
}

#[track_caller]
fn asking(
    name: &'static str,
    doc: &'static str,
    path: &'static str,
    ipv4: Impl<kind::Ip>,
    udp: Impl<kind::Udp>,
) -> Device {
    device(name)
        .doc(doc)
        .everywhere(path)
        .over(ipv4)
        .over(udp)
        .over(shared(ipv4, default_clock))
        .over(shared(ipv4, default_time))
        .over(shared(ipv4, default_random))
        .over(shared(ipv4, default_spawn))
}
