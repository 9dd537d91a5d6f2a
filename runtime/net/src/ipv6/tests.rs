use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};

use mirage::{Ip as _, MacAddress, Packet, Received, Refused, Why};
use mirage_test::{Options, World, run};
use proptest::prelude::*;
use smoltcp::wire::Icmpv6Packet;

use super::address::{ALL_MLD_ROUTERS, ALL_NODES, solicited_node};
use super::extension::HEADER;
use super::fake::{Host, ROUTER, ROUTER_MAC, UDP, settle, two};
use super::messages::{ICMPV6, Message};
use super::output::emit;

fn address(text: &str) -> Ipv6Addr {
    text.parse().expect("an address")
}

/// A router advertisement: the prefix 2001:db8::/64 for an hour, and an MTU of 1400.
fn advertisement() -> Vec<u8> {
    let mut message = vec![134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0];
    message.extend([3, 4, 64, 0xc0, 0, 0, 0x0e, 0x10, 0, 0, 0x0e, 0x10, 0, 0, 0, 0]);
    message.extend(address("2001:db8::").octets());
    message.extend([5, 1, 0, 0, 0, 0, 0x05, 0x78]);
    message.extend([1, 1, 2, 0, 0, 0, 0, 0xff]);
    message
}

#[mirage::test]
async fn rfc_4861_7_2_neighbours_find_each_other(world: World) {
    let (here, there) = two(&world).await;
    here.send(there.local, UDP, true, b"first").unwrap();
    here.send(there.local, UDP, true, b"second").unwrap();
    settle([&here, &there]);
    let expected = [(here.local.into(), b"first".to_vec()), (here.local.into(), b"second".to_vec())];
    assert_eq!(*there.udp.packets.borrow(), expected);
    there.send(here.local, UDP, true, b"back").unwrap();
    assert_eq!(there.link.0.sent.borrow().len(), 1, "who asked is known");
    assert_eq!(there.ip.route(address("2001:db8::1").into()), Err(Refused::NoRoute));
    assert_eq!(there.ip.route([10, 0, 0, 1].into()), Err(Refused::NoRoute));
}

#[mirage::test]
async fn rfc_4861_7_2_2_nobody_answers(world: World) {
    let here = Host::new(&world, 1).await;
    here.send(ROUTER, UDP, true, b"lost for good").unwrap();
    for second in 0..4 {
        assert!(here.udp.reports.borrow().is_empty());
        here.at(second);
        here.round();
    }
    assert_eq!(*here.udp.reports.borrow(), [Why::Unreachable], "whoever sent it is told");
    assert_eq!(here.send(ROUTER, UDP, true, b"lost"), Err(Refused::Unreachable));
}

#[mirage::test]
async fn rfc_4861_7_1_what_a_router_passed_on_is_no_discovery(world: World) {
    let here = Host::new(&world, 1).await;
    here.round();
    let group = solicited_node(here.local);
    let ask = |hops| {
        let message = Message::solicit(ROUTER, group, here.local, ROUTER_MAC);
        here.told(ROUTER, group, hops, message.bytes());
    };
    ask(254);
    here.told(ROUTER, ALL_NODES, 254, &advertisement());
    assert_eq!(here.link.0.sent.take(), []);
    assert!(!here.ip.is_local(address("2001:db8::ff:fe00:1").into()));
    ask(255);
    let sent = here.link.0.sent.take();
    assert_eq!((sent.len(), sent[0].0, sent[0].1[HEADER]), (1, ROUTER_MAC, 136));
}

#[mirage::test]
async fn rfc_4443_4_2_echo(world: World) {
    let (here, there) = two(&world).await;
    let mut request = [&[128, 0, 0, 0, 0, 7, 0, 1][..], &[0xa5; 57]].concat();
    Icmpv6Packet::new_unchecked(&mut request).fill_checksum(&here.local, &there.local);
    here.send(there.local, ICMPV6, false, &request).unwrap();
    settle([&here, &there]);
    let packets = here.icmp.packets.borrow();
    let (from, reply) = packets.iter().find(|(_, message)| message[0] == 129).expect("a reply");
    assert_eq!((*from, &reply[4..]), (there.local.into(), &request[4..]));
    assert!(Icmpv6Packet::new_unchecked(&reply[..]).verify_checksum(&there.local, &here.local));
}

#[mirage::test]
async fn rfc_4862_5_5_an_address_and_a_way_by_a_router(world: World) {
    let here = Host::new(&world, 1).await;
    let sent = here.round();
    assert!(sent.iter().any(|(_, packet)| packet[HEADER] == 133), "RFC 4861 §6.3.7: routers are asked for");
    here.told(ROUTER, ALL_NODES, 255, &advertisement());
    let formed = address("2001:db8::ff:fe00:1");
    assert!(here.ip.is_local(formed.into()));
    let sent = here.round();
    assert!(sent.iter().any(|(_, packet)| packet[HEADER] == 135), "RFC 4862 §5.4: whether it is free is asked");
    let route = here.ip.route(address("2001:db8:5::1").into()).unwrap();
    assert_eq!((route.source, route.mtu), (formed.into(), 1400));
    here.send(address("2001:db8:5::1"), UDP, true, b"far").unwrap();
    let sent = here.link.0.sent.take();
    assert_eq!((sent.len(), sent[0].0), (1, ROUTER_MAC));
    here.at(1800);
    assert_eq!(here.ip.route(address("2001:db8:5::1").into()), Err(Refused::NoRoute), "the router's time is over");
    here.at(3600);
    here.round();
    assert!(!here.ip.is_local(formed.into()), "so is the address's");
}

#[mirage::test]
async fn rfc_4861_6_3_7_routers_are_asked_for_three_times(world: World) {
    let here = Host::new(&world, 1).await;
    let mut asked = 0;
    for second in 0..60 {
        here.at(second);
        asked += here.round().iter().filter(|(_, packet)| packet[HEADER] == 133).count();
    }
    assert_eq!(asked, 3);
}

#[mirage::test]
async fn rfc_4862_5_4_an_address_somebody_has(world: World) {
    let (here, there) = two(&world).await;
    let shared = here.address("fd00::1");
    settle([&here, &there]);
    [&here, &there].iter().for_each(|host| host.at(4));
    settle([&here, &there]);
    there.address("fd00::1");
    settle([&here, &there]);
    assert!(here.ip.is_local(shared.into()));
    assert!(!there.ip.is_local(shared.into()));
    // Who has had it for a while does not lose it by what somebody says.
    let message = Message::advertise(shared, ALL_NODES, shared, ROUTER_MAC, false);
    here.told(shared, ALL_NODES, 255, message.bytes());
    assert!(here.ip.is_local(shared.into()));
}

#[mirage::test]
async fn rfc_8201_4_a_path_that_takes_less(world: World) {
    let here = Host::new(&world, 1).await;
    let own = here.address("fd00::1");
    here.ip.configure(own, 64, Some(ROUTER));
    let far = address("fd01::1");
    let quoted = [&emit(own, far, UDP, 64, 1460)[..], &[7; 100]].concat();
    for (said, mtu) in [(1300_u32, 1300), (600, 1280)] {
        let message = [&[2, 0, 0, 0][..], &said.to_be_bytes(), &quoted].concat();
        here.told(address("fd02::1"), own, 60, &message);
        assert_eq!(here.udp.reports.borrow_mut().pop(), Some(Why::TooLarge(mtu)));
        assert_eq!(here.ip.route(far.into()).unwrap().mtu, mtu);
    }
    let others = [&[2, 0, 0, 0, 0, 0, 5, 0][..], &emit(far, own, UDP, 64, 1460), &[7; 100]].concat();
    here.told(address("fd02::1"), own, 60, &others);
    assert_eq!(*here.udp.reports.borrow(), [], "about a packet that is none of ours");
}

#[mirage::test]
async fn rfc_8200_4_5_fragments_both_ways(world: World) {
    let (here, there) = two(&world).await;
    let data: Vec<u8> = (0..5000_u32).map(|at| at as u8).collect();
    assert_eq!(here.send(there.local, UDP, true, &data), Err(Refused::TooLarge));
    here.send(there.local, UDP, false, &data).unwrap();
    settle([&here, &there]);
    there.send(here.local, UDP, false, &data).unwrap();
    settle([&here, &there]);
    assert_eq!(*there.udp.packets.borrow(), [(here.local.into(), data.clone())]);
    assert_eq!(*here.udp.packets.borrow(), [(there.local.into(), data)]);
}

#[mirage::test]
async fn rfc_6980_5_discovery_does_not_come_in_fragments(world: World) {
    let here = Host::new(&world, 1).await;
    here.round();
    let mut message = advertisement();
    Icmpv6Packet::new_unchecked(&mut message).fill_checksum(&ROUTER, &ALL_NODES);
    here.routed(ROUTER, ALL_NODES, 255, 44, &[&[ICMPV6, 0, 0, 0, 0, 0, 0, 1][..], &message].concat());
    assert!(!here.ip.is_local(address("2001:db8::ff:fe00:1").into()));
}

#[mirage::test]
async fn rfc_4443_3_who_sent_it_is_told(world: World) {
    let (here, there) = two(&world).await;
    // A port nobody is at.
    here.send(there.local, UDP, true, &[1; 1400]).unwrap();
    settle([&here, &there]);
    let (_, mut payload) = there.udp.packets.borrow_mut().pop().unwrap();
    let (source, destination) = (here.local.into(), there.local.into());
    let mut packet = |destination| {
        there.ip.refuse(&Packet {
            source,
            destination,
            protocol: UDP,
            payload: &mut payload,
            received: Received::default(),
            now: there.link.0.now.get(),
        });
        there.link.0.sent.borrow().len()
    };
    assert_eq!(packet(ALL_NODES.into()), 0, "RFC 4443 §2.4 e: not what was sent to a group");
    assert_eq!(packet(destination), 1);
    settle([&here, &there]);
    assert_eq!(here.udp.reports.take(), [Why::Refused]);
    // A protocol nobody takes.
    here.ip.attach(200, here.udp.clone());
    here.send(there.local, 200, true, &[1; 100]).unwrap();
    settle([&here, &there]);
    assert_eq!(here.udp.reports.take(), [Why::Refused]);
}

/// A question of a router about listeners, behind a router alert: of `group` or of all, answered within a second.
fn query(to: Ipv6Addr, group: Ipv6Addr, v1: bool) -> Vec<u8> {
    let mut message = [&[130, 0, 0, 0, 3, 0xe8, 0, 0][..], &group.octets()].concat();
    if !v1 {
        message.extend([2, 125, 0, 0]);
    }
    Icmpv6Packet::new_unchecked(&mut message).fill_checksum(&ROUTER, &to);
    [&[ICMPV6, 0, 5, 2, 0, 0, 1, 0][..], &message].concat()
}

/// The groups that are reported: to whom, by which type and with which kind of record.
fn reports(sent: &[(MacAddress, Vec<u8>)]) -> Vec<(Ipv6Addr, u8, u8)> {
    let reports = sent.iter().filter(|(_, packet)| packet[6] == 0 && [131, 143].contains(&packet[HEADER + 8]));
    let report = |(_, packet): &(MacAddress, Vec<u8>)| {
        assert_eq!(packet[7], 1, "the hop limit");
        let octets: [u8; 16] = packet[24..HEADER].try_into().unwrap();
        let (to, kind) = (Ipv6Addr::from(octets), packet[HEADER + 8]);
        assert_eq!(kind == 131, to != ALL_MLD_ROUTERS, "RFC 2710 §5 and RFC 3810 §5.2.14");
        (to, kind, if kind == 143 { packet[HEADER + 16] } else { 0 })
    };
    reports.map(report).collect()
}

/// RFC 3810 §6.1: groups are reported when they are joined, and again; §6.2: routers that ask are answered, in time.
#[mirage::test]
async fn rfc_3810_6_listeners_answer_routers(world: World) {
    let here = Host::new(&world, 1).await;
    assert_eq!(reports(&here.round()), [(ALL_MLD_ROUTERS, 143, 4)], "CHANGE_TO_EXCLUDE_MODE");
    here.at(1);
    assert_eq!(reports(&here.round()), [(ALL_MLD_ROUTERS, 143, 2)], "MODE_IS_EXCLUDE");
    here.address("fd00::7");
    for second in 2..4 {
        here.at(second);
        here.round();
    }
    let unspecified = Ipv6Addr::UNSPECIFIED;
    here.routed(ROUTER, ALL_NODES, 1, 0, &query(ALL_NODES, unspecified, false));
    here.at(5);
    assert_eq!(reports(&here.round()).len(), 2, "every group");
    let group = solicited_node(here.local);
    here.routed(ROUTER, group, 1, 0, &query(group, group, false));
    here.routed(ROUTER, ALL_NODES, 1, 0, &query(ALL_NODES, solicited_node(ROUTER), false));
    here.routed(ROUTER, ALL_NODES, 1, 0, &query(ALL_NODES, ALL_NODES, false));
    here.at(6);
    assert_eq!(reports(&here.round()), [(ALL_MLD_ROUTERS, 143, 2)], "the one asked about that is listened to");
    // RFC 3810 §6.2: not from afar, not from a global address, not without a router alert.
    let whole = query(ALL_NODES, unspecified, false);
    here.routed(ROUTER, ALL_NODES, 2, 0, &whole);
    here.routed(address("2001:db8::9"), ALL_NODES, 1, 0, &whole);
    here.routed(ROUTER, ALL_NODES, 1, ICMPV6, &whole[8..]);
    here.routed(ROUTER, ALL_NODES, 1, 0, &query(ALL_NODES, unspecified, true)[..30]);
    here.at(8);
    assert_eq!(reports(&here.round()), []);
}

/// RFC 3810 §8.2.1 and RFC 2710 §4: a router that speaks version 1 is answered by it, once for all listeners.
#[mirage::test]
async fn rfc_3810_8_2_1_a_router_of_version_1(world: World) {
    let here = Host::new(&world, 1).await;
    for second in 0..4 {
        here.at(second);
        here.round();
    }
    let group = solicited_node(here.local);
    here.routed(ROUTER, ALL_NODES, 1, 0, &query(ALL_NODES, Ipv6Addr::UNSPECIFIED, true));
    here.at(5);
    assert_eq!(reports(&here.round()), [(group, 131, 0)]);
    // Somebody else has reported it.
    here.routed(ROUTER, group, 1, 0, &query(group, group, true));
    let other = Message::listens_v1(ROUTER, group);
    here.routed(ROUTER, group, 1, 0, &[&[ICMPV6, 0, 5, 2, 0, 0, 1, 0][..], other.bytes()].concat());
    here.at(7);
    assert_eq!(reports(&here.round()), []);
    // Long after, routers speak version 2.
    here.at(7 + 300);
    here.routed(ROUTER, ALL_NODES, 1, 0, &query(ALL_NODES, Ipv6Addr::UNSPECIFIED, false));
    here.at(7 + 302);
    assert_eq!(reports(&here.round()), [(ALL_MLD_ROUTERS, 143, 2)]);
}

/// RFC 4861 §8: the router a destination goes by may say that another neighbour leads there, and nobody else.
#[mirage::test]
async fn rfc_4861_8_redirects(world: World) {
    let here = Host::new(&world, 1).await;
    here.round();
    here.told(ROUTER, ALL_NODES, 255, &advertisement());
    here.round();
    let (far, better) = (address("2001:db8:5::1"), address("fe80::b"));
    let better_mac = MacAddress([2, 0, 0, 0, 0, 0xb]);
    let redirect = |to: Ipv6Addr, destination: Ipv6Addr| {
        let option = [&[2, 1][..], &better_mac.0].concat();
        [&[137, 0, 0, 0, 0, 0, 0, 0][..], &to.octets(), &destination.octets(), &option].concat()
    };
    let goes_to = || {
        here.send(far, UDP, true, b"far").unwrap();
        here.link.0.sent.take().pop().unwrap().0
    };
    assert_eq!(goes_to(), ROUTER_MAC);
    let good = redirect(better, far);
    for (from, hops, message) in [
        (ROUTER, 254, good.clone()),
        (better, 255, good.clone()),
        (address("2001:db8::9"), 255, good.clone()),
        (ROUTER, 255, redirect(address("2001:db8::b"), far)),
        (ROUTER, 255, redirect(better, address("ff02::5"))),
        (ROUTER, 255, redirect(better, address("2001:db8::5"))),
        (ROUTER, 255, redirect(here.local, far)),
        (ROUTER, 255, good[..39].to_vec()),
        (ROUTER, 255, [&good[..40], &[2, 0]].concat()),
    ] {
        here.told(from, here.local, hops, &message);
        assert_eq!(goes_to(), ROUTER_MAC, "{from} {hops} {message:02x?}");
    }
    here.told(ROUTER, here.local, 255, &good);
    assert_eq!(goes_to(), better_mac);
    assert_eq!(here.ip.route(far.into()).unwrap().source, IpAddr::from(address("2001:db8::ff:fe00:1")));
    // RFC 4861 §8.3: a destination that is a neighbour itself.
    here.told(better, here.local, 255, &redirect(far, far));
    assert_eq!(goes_to(), better_mac);
    here.at(700);
    assert_eq!(goes_to(), ROUTER_MAC, "the router says it again, if it is still so");
    here.told(ROUTER, here.local, 255, &redirect(far, far));
    assert_eq!(goes_to(), better_mac);
    assert_eq!(here.ip.route(far.into()).unwrap().source, IpAddr::from(address("2001:db8::ff:fe00:1")));
}

/// What a message says whose checksum is wrong, nobody is told.
#[mirage::test]
async fn rfc_4443_2_3_a_checksum_that_is_wrong(world: World) {
    let here = Host::new(&world, 1).await;
    here.round();
    here.routed(ROUTER, here.local, 64, ICMPV6, &[129, 0, 1, 2, 0, 0, 0, 0]);
    assert_eq!(*here.icmp.packets.borrow(), []);
    here.told(ROUTER, here.local, 64, &[129, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(here.icmp.packets.borrow().len(), 1);
}

proptest! {
    #[test]
    fn nothing_that_comes_is_too_much(
        frames in prop::collection::vec((0_u8..5, any::<[u8; 2]>(), prop::collection::vec(any::<u8>(), 0..200)), 1..20)
    ) {
        run(Options { name: "nonsense", seed: Some(1) }, |world| async move {
            let here = Host::new(&world, 1).await;
            here.round();
            for (kind, [first, second], bytes) in frames {
                let to = if second & 1 == 0 { here.local } else { ALL_NODES };
                match kind {
                    0 => here.input(ROUTER_MAC, here.link.0.mac, &bytes),
                    1 => here.routed(ROUTER, to, second, first, &bytes),
                    // Discovery, reports and echo, their checksums right.
                    2 => here.told(ROUTER, to, 255, &[&[133 + first % 5, 0, 0, 0][..], &bytes].concat()),
                    3 => {
                        let quoted = emit(here.local, ROUTER, second, 64, 100);
                        here.told(ROUTER, to, 64, &[&[1 + first % 4, second, 0, 0, 0, 0, 5, 0][..], &quoted, &bytes].concat());
                    }
                    _ => here.routed(ROUTER, to, 64, [0, 43, 44, 60][usize::from(first % 4)], &bytes),
                }
                here.round();
            }
        });
    }
}
