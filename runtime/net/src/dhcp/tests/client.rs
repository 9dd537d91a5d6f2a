use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::time::Duration;

use mirage::MacAddress;
use mirage_test::World;
use smoltcp::wire::DhcpMessageType as Type;

use super::super::{Event, Loss, Network};
use super::script::{MAC, Script, near};
use super::server::{ADDRESS, NAMES, OTHER, Reply, SERVER, Said, said};

#[mirage::test]
async fn an_address_takes_four_messages(world: World) {
    // RFC 2131, section 3.1.
    let mut script = Script::new(&world);
    let discover = script.broadcasts();
    assert_eq!(discover.kind, Type::Discover);
    assert!(discover.broadcast && discover.address.is_unspecified());
    assert_eq!((discover.requested, discover.server), (None, None));
    script.now = script.now + Duration::from_millis(2500);
    script.hears(&Reply::new(Type::Offer, discover.transaction));
    let request = script.broadcasts();
    // Section 4.4.1: the same xid and secs as the DISCOVER; section 4.3.2: server and requested address, no ciaddr.
    let expected = Said {
        kind: Type::Request,
        requested: Some(ADDRESS),
        server: Some(SERVER),
        seconds: request.seconds,
        ..discover.clone()
    };
    assert_eq!(request, expected);
    assert_eq!((discover.seconds, request.seconds), (0, 0));
    let sent = script.now;
    script.now = script.now + Duration::from_secs(1);
    script.hears(&Reply::new(Type::Ack, discover.transaction));
    let lease = script.checked();
    assert_eq!(lease.network, Network { address: ADDRESS, prefix: 24 });
    assert_eq!((lease.gateway, lease.server), (Some(SERVER), SERVER));
    assert_eq!(lease.nameservers, [NAMES]);
    assert_eq!(
        lease.to_string(),
        "the address is 10.0.0.42/24, the gateway 10.0.0.1, for 3600 s, from the server 10.0.0.1"
    );
    // Section 4.4.5: T1 and T2 at a half and seven eighths, from when the REQUEST was sent.
    let ends = lease.ends.expect("it ends");
    assert_eq!(ends.expire, sent + Duration::from_secs(3600));
    assert_eq!(ends.rebind, sent + Duration::from_secs(3150));
    let renew = ends.renew.since(sent).as_secs_f64();
    assert!((1800.0 * 31.0 / 32.0..=1800.0).contains(&renew), "{renew}");
    assert_eq!(script.now(), None);
    assert_eq!(script.client.deadline(), Some(ends.renew));
}

#[mirage::test]
async fn discover_is_repeated_with_back_off_for_ever(world: World) {
    // RFC 2131, section 4.1: 4, 8, 16, 32, 64 s, each ±1 s.
    let mut script = Script::new(&world);
    let first = script.broadcasts();
    for (tries, seconds) in (1..).zip([4, 8, 16, 32, 64, 64, 64, 64]) {
        near(script.wait(), seconds);
        assert_eq!(script.now(), Some(Event::Silence(tries)));
        let again = script.broadcasts();
        assert_eq!((again.kind, again.transaction), (Type::Discover, first.transaction), "a late offer is still good");
        assert!(again.seconds > 0);
    }
}

#[mirage::test]
async fn a_request_without_answer_is_repeated_then_everything_begins_again(world: World) {
    // RFC 2131, section 3.1, item 5.
    let mut script = Script::new(&world);
    let transaction = script.requested();
    for seconds in [4, 8, 16] {
        near(script.wait(), seconds);
        let again = script.broadcasts();
        assert_eq!((again.kind, again.transaction, again.server), (Type::Request, transaction, Some(SERVER)));
    }
    near(script.wait(), 32);
    assert_eq!(script.now(), Some(Event::Silence(4)));
    let discover = script.broadcasts();
    assert_eq!(discover.kind, Type::Discover);
    assert_ne!(discover.transaction, transaction);
}

#[mirage::test]
async fn a_refused_request_begins_again_after_a_while(world: World) {
    // RFC 2131, section 3.1, item 4; the while is ours.
    let mut script = Script::new(&world);
    for seconds in [1, 4, 8, 16, 32, 64, 64] {
        let transaction = script.requested();
        script.hears(&Reply::new(Type::Nak, transaction).with(56, b"no \x1b[2Jroom"));
        let loss = Loss::TakenBack(SERVER, "no [2Jroom".into());
        assert_eq!(script.now(), Some(Event::Refused(loss)));
        near(script.wait(), seconds);
    }
}

#[mirage::test]
async fn only_the_chosen_server_is_listened_to(world: World) {
    let mut script = Script::new(&world);
    let transaction = script.requested();
    script.hears(&Reply::new(Type::Nak, transaction).with(54, &OTHER.octets()));
    script.hears(&Reply::new(Type::Ack, transaction).with(54, &OTHER.octets()));
    script.hears(&Reply::new(Type::Offer, transaction).with(54, &OTHER.octets()));
    assert_eq!(script.now(), None);
    script.hears(&Reply { address: OTHER, ..Reply::new(Type::Ack, transaction) });
    assert_eq!(script.now(), None, "and only for what it offered");
    script.hears(&Reply::new(Type::Ack, transaction));
    script.checked();
}

#[mirage::test]
async fn what_makes_no_sense_is_ignored(world: World) {
    let mut script = Script::new(&world);
    let transaction = script.broadcasts().transaction;
    let offer = || Reply::new(Type::Offer, transaction);
    let nonsense = [
        Reply::new(Type::Offer, transaction ^ 1),
        Reply::new(Type::Ack, transaction),
        Reply::new(Type::Nak, transaction),
        Reply::new(Type::Unknown(99), transaction),
        offer().without(54),
        offer().with(54, &[0; 4]),
        offer().with(1, &[255, 0, 255, 0]),
        offer().with(1, &[0; 4]),
        Reply { address: Ipv4Addr::UNSPECIFIED, ..offer() },
        Reply { address: Ipv4Addr::BROADCAST, ..offer() },
        Reply { address: Ipv4Addr::LOCALHOST, ..offer() },
        Reply { address: Ipv4Addr::new(224, 0, 0, 1), ..offer() },
    ];
    for reply in &nonsense {
        script.hears(reply);
        assert_eq!(script.now(), None, "{reply:?}");
    }
    let good = offer().to(MAC);
    for length in 0..=240 {
        script.client.input(&good[..length], script.now);
        assert_eq!(script.now(), None, "cut off after {length} bytes");
    }
    script.client.input(&offer().to(MacAddress([9; 6])), script.now);
    assert_eq!(script.now(), None, "for another host");
    for at in [0, 1, 2, 236] {
        let mut bytes = good.clone();
        bytes[at] ^= 0x40;
        script.client.input(&bytes, script.now);
        assert_eq!(script.now(), None, "byte {at}");
    }
    script.hears(&offer());
    assert_eq!(script.broadcasts().kind, Type::Request);
}

#[mirage::test]
async fn a_lease_without_a_time_is_none(world: World) {
    // RFC 2131, table 3: the lease time is a must.
    let mut script = Script::new(&world);
    let transaction = script.requested();
    script.hears(&Reply::new(Type::Ack, transaction).without(51));
    script.hears(&Reply::new(Type::Ack, transaction).seconds(51, 0));
    assert_eq!(script.now(), None);
    near(script.wait(), 4);
}

#[mirage::test]
async fn a_lease_for_ever_is_never_renewed(world: World) {
    // RFC 2131, section 3.3.
    let mut script = Script::new(&world);
    let transaction = script.requested();
    script.hears(&Reply::new(Type::Ack, transaction).seconds(51, u32::MAX));
    let lease = script.checked();
    assert!(lease.to_string().contains("for ever"));
    assert_eq!((lease.ends, script.client.deadline()), (None, None));
}

#[mirage::test]
async fn the_times_of_the_server_are_taken_if_they_make_sense(world: World) {
    // RFC 2132, sections 9.11 and 9.12.
    for (renew, rebind, expected) in [
        (Some(100), Some(200), (100, 200)),
        (Some(300), Some(200), (100, 200)),
        (Some(0), Some(0), (1800, 3150)),
        (Some(4000), Some(4000), (1800, 3150)),
        (Some(3200), None, (1800, 3150)),
        (None, Some(1000), (500, 1000)),
    ] {
        let mut script = Script::new(&world);
        let transaction = script.requested();
        let mut reply = Reply::new(Type::Ack, transaction);
        if let Some(renew) = renew {
            reply = reply.seconds(58, renew);
        }
        if let Some(rebind) = rebind {
            reply = reply.seconds(59, rebind);
        }
        script.hears(&reply);
        let ends = script.checked().ends.expect("it ends");
        let (t1, t2) = (ends.renew.since(script.now), ends.rebind.since(script.now));
        assert_eq!(t2.as_secs(), expected.1, "{renew:?} {rebind:?}");
        let most = Duration::from_secs(expected.0);
        assert!(most * 31 / 32 <= t1 && t1 <= most, "{renew:?} {rebind:?}: {t1:?}");
    }
}

#[mirage::test]
async fn at_t1_its_server_is_asked_and_the_lease_goes_on(world: World) {
    // RFC 2131, sections 4.3.2 and 4.4.5: RENEWING is unicast, with ciaddr, without server and requested address.
    let mut script = Script::new(&world);
    let before = script.bound();
    script.wait();
    let (to, request) = script.sends();
    assert_eq!((to, request.kind, request.address), (SERVER, Type::Request, ADDRESS));
    assert_eq!((request.requested, request.server, request.broadcast), (None, None, false));
    let sent = script.now;
    script.hears(&Reply::new(Type::Ack, request.transaction).with(54, &OTHER.octets()));
    assert_eq!(script.now(), None, "another server was not asked");
    script.hears(&Reply::new(Type::Ack, request.transaction));
    let after = script.leased();
    assert_eq!(after.network, before.network);
    assert_eq!(after.ends.expect("it ends").expire, sent + Duration::from_secs(3600));
    script.wait();
    assert_ne!(script.sends().1.transaction, request.transaction);
}

#[mirage::test]
async fn without_answer_it_asks_its_server_then_everybody_then_loses_the_address(world: World) {
    // RFC 2131, section 4.4.5: half of the remaining time each, down to a minute.
    let mut script = Script::new(&world);
    let ends = script.bound().ends.expect("it ends");
    script.wait();
    assert_eq!(script.now, ends.renew);
    let (mut asked, mut last) = (Vec::new(), script.now);
    loop {
        match script.now() {
            Some(Event::Send(to, bytes)) => {
                let said = said(&bytes, MAC);
                assert_eq!((said.kind, said.address, said.server), (Type::Request, ADDRESS, None));
                assert_eq!(to, if script.now < ends.rebind { SERVER } else { Ipv4Addr::BROADCAST });
                asked.push((to, script.now));
            }
            Some(event) => {
                assert_eq!(event, Event::Lost(Loss::Expired));
                break;
            }
            None => {
                let wait = script.wait();
                let bound = script.now == ends.rebind || script.now == ends.expire;
                assert!(bound || wait >= Duration::from_secs(60), "{wait:?} after {last:?}");
                last = script.now;
            }
        }
    }
    assert_eq!(script.now, ends.expire);
    assert_eq!(asked.iter().filter(|(to, _)| *to == SERVER).count(), 6, "{asked:?}");
    assert!(asked.contains(&(Ipv4Addr::BROADCAST, ends.rebind)));
    let discover = script.broadcasts();
    assert_eq!((discover.kind, discover.requested), (Type::Discover, Some(ADDRESS)), "it would like the same again");
}

#[mirage::test]
async fn at_t2_any_server_may_go_on_with_it(world: World) {
    let mut script = Script::new(&world);
    let ends = script.bound().ends.expect("it ends");
    script.now = ends.rebind;
    let request = script.broadcasts();
    let mut reply = Reply::new(Type::Ack, request.transaction).with(54, &OTHER.octets());
    script.hears(&Reply { address: OTHER, ..reply.clone() });
    assert_eq!(script.now(), None, "but not with another address");
    reply = reply.without(3).without(6);
    script.hears(&reply);
    let lease = script.leased();
    assert_eq!((lease.server, lease.gateway, lease.nameservers.len()), (OTHER, None, 0));
}

#[mirage::test]
async fn a_server_may_take_an_address_back(world: World) {
    // RFC 2131, section 4.4.5.
    let mut script = Script::new(&world);
    let ends = script.bound().ends.expect("it ends");
    script.now = ends.renew;
    let (_, request) = script.sends();
    script.hears(&Reply::new(Type::Nak, request.transaction).with(54, &OTHER.octets()));
    assert_eq!(script.now(), None, "its own server, that is");
    script.hears(&Reply { address: Ipv4Addr::UNSPECIFIED, ..Reply::new(Type::Nak, request.transaction) });
    assert_eq!(script.now(), Some(Event::Lost(Loss::TakenBack(SERVER, "".into()))));
    near(script.wait(), 1);
    let discover = script.broadcasts();
    assert_eq!((discover.kind, discover.requested), (Type::Discover, None));
}

#[mirage::test]
async fn a_client_that_slept_past_the_end_has_no_address(world: World) {
    let mut script = Script::new(&world);
    let ends = script.bound().ends.expect("it ends");
    script.now = ends.expire + Duration::from_secs(1);
    assert_eq!(script.now(), Some(Event::Lost(Loss::Expired)));
}

#[mirage::test]
async fn options_may_be_in_the_fields_of_bootp(world: World) {
    // RFC 2132, section 9.3.
    let mut script = Script::new(&world);
    let transaction = script.broadcasts().transaction;
    let mut bytes = Reply::new(Type::Offer, transaction).without(54).with(52, &[3]).to(MAC);
    bytes[44..51].copy_from_slice(&[54, 4, 10, 0, 0, 1, 255]);
    bytes[108..115].copy_from_slice(&[0, 54, 4, 10, 0, 0, 9]);
    script.client.input(&bytes, script.now);
    assert_eq!(script.broadcasts().server, Some(SERVER));
}

#[mirage::test]
async fn a_mask_may_be_missing_and_lists_are_bounded(world: World) {
    let mut script = Script::new(&world);
    let transaction = script.requested();
    let many: Vec<u8> = (0..60).flat_map(|last| [10, 0, 1, last]).collect();
    script.hears(&Reply::new(Type::Ack, transaction).without(1).with(6, &many).with(3, &[0, 0, 0, 0, 10, 0, 0, 7, 1]));
    let lease = script.checked();
    assert_eq!((lease.network.prefix, lease.nameservers.len()), (8, 8));
    assert_eq!(lease.gateway, Some(Ipv4Addr::new(10, 0, 0, 7)));
}

#[mirage::test]
async fn an_address_that_somebody_has_is_declined(world: World) {
    // RFC 2131, section 3.1, item 5, and table 5.
    let mut script = Script::new(&world);
    let transaction = script.requested();
    script.hears(&Reply::new(Type::Ack, transaction));
    assert_eq!(script.now(), Some(Event::Check(ADDRESS)));
    script.hears(&Reply::new(Type::Ack, transaction));
    assert_eq!((script.now(), script.client.deadline()), (None, None), "nothing happens meanwhile");
    let other = MacAddress([2, 0, 0, 0, 0, 9]);
    script.client.checked(Some(other), script.now);
    script.declines(other);
    near(script.wait(), 10);
    let discover = script.broadcasts();
    assert_eq!((discover.kind, discover.requested), (Type::Discover, None), "another one, if there is");
}

#[mirage::test]
async fn an_address_that_somebody_goes_on_claiming_is_declined_later(world: World) {
    // RFC 5227, section 2.4 (b).
    let mut script = Script::new(&world);
    let other = MacAddress([2, 0, 0, 0, 0, 9]);
    script.client.contested(other, script.now);
    assert_eq!(script.broadcasts().kind, Type::Discover, "there is none to decline");
    let mut script = Script::new(&world);
    script.bound();
    script.client.contested(other, script.now);
    script.declines(other);
    near(script.wait(), 10);
}
