//! Addresses that two hosts want (RFC 5227), and that nobody has.

use std::net::Ipv4Addr;
use std::time::Duration;

use mirage::{Clock as _, Stack as _, Tcp as _, Time as _};
use mirage_test::World;

use crate::THERE;

/// RFC 5227, section 2.4: the address is defended, not given up, and neither host falls silent or talks without end.
#[mirage::test]
async fn a_clash_is_noticed_and_does_not_storm(world: World) {
    let wire = world.wire();
    let (a, b) = (wire.port(), wire.port());
    let (one, other) = (a.line(), b.line());
    let first = world.direct(a, "10.0.0.2/24").await;
    world.time().sleep(Duration::from_secs(60)).await;
    let second = world.direct(b, "10.0.0.2/24").await;
    world.time().sleep(Duration::from_secs(3600)).await;
    let (one, other) = (one.sent().frames, other.sent().frames);
    assert!((4..100).contains(&one), "the first says {one} times that the address is its own");
    assert!((3..100).contains(&other), "the second says {other} times that the address is its own");
    let client = world.direct(wire.port(), "10.0.0.1/24").await;
    let _listeners = (first.tcp().listen(80).await.unwrap(), second.tcp().listen(80).await.unwrap());
    // One of them answers.
    client.tcp().connect((THERE, 80).into()).await.unwrap();
}

/// RFC 1122, section 3.3.1: an address on the link that nobody answers for, and one off it without a gateway.
#[mirage::test]
async fn nobody_there_is_told_in_time(world: World) {
    let wire = world.wire();
    let here = world.direct(wire.port(), "10.0.0.1/24").await;
    let begin = world.clock().now();
    let nobody = here.tcp().connect((THERE, 80).into()).await;
    assert_eq!(nobody.err(), Some(mirage_net::Error::Unreachable));
    let took = world.clock().now().since(begin);
    // A SYN is given three minutes (RFC 1122, section 4.2.3.5), whatever ARP says of its neighbour (4.2.3.9).
    assert!(took < Duration::from_secs(200), "{took:?}");
    let elsewhere = here.tcp().connect(([192, 0, 2, 1], 80).into()).await;
    let error = elsewhere.err().expect("there is no way there");
    assert_eq!(mirage::io::Error::kind(&error), mirage::io::ErrorKind::NotFound);
}

/// RFC 2131, section 3.1, item 5, and RFC 5227, section 2.1: an address that a server leases and somebody has is declined,
/// and another asked for.
#[mirage::test]
async fn a_leased_address_that_somebody_has_is_declined(world: World) {
    let wire = world.wire();
    let server = world.dhcp_server(wire.port(), "10.0.0.1/24").await;
    // The first address the server leases, told to somebody who never asked it.
    let squatter = world.direct(wire.port(), "10.0.0.10/24").await;
    let begin = world.clock().now();
    let here = world.direct_dhcp(wire.port()).await;
    let took = world.clock().now().since(begin).as_secs();
    assert!((10..20).contains(&took), "{took} s: it waits for ten before it asks again");
    assert_eq!((server.declined(), server.leased()), (vec![[10, 0, 0, 10].into()], vec![[10, 0, 0, 11].into()]));
    let _listener = squatter.tcp().listen(80).await.unwrap();
    let flow = here.tcp().connect(([10, 0, 0, 10], 80).into()).await.unwrap();
    assert_eq!(mirage::Flow::local(&flow).ip(), std::net::IpAddr::from([10, 0, 0, 11]));
}

/// RFC 5227, section 2.4 (b): an address that somebody takes later is defended once, then given up for another.
#[mirage::test]
async fn a_leased_address_that_somebody_insists_on_is_given_up(world: World) {
    let wire = world.wire();
    let server = world.dhcp_server(wire.port(), "10.0.0.1/24").await;
    let here = world.direct_dhcp(wire.port()).await;
    assert_eq!(server.leased(), [Ipv4Addr::new(10, 0, 0, 10)]);
    world.time().sleep(Duration::from_secs(60)).await;
    // It announces itself three times, 2 s apart: the first is answered, the second is too much.
    let squatter = world.direct(wire.port(), "10.0.0.10/24").await;
    world.time().sleep(Duration::from_secs(30)).await;
    assert_eq!((server.declined(), server.leased()), (vec![[10, 0, 0, 10].into()], vec![[10, 0, 0, 11].into()]));
    let _listeners = (here.tcp().listen(80).await.unwrap(), squatter.tcp().listen(80).await.unwrap());
    let client = world.direct(wire.port(), "10.0.0.2/24").await;
    for last in [10, 11] {
        client.tcp().connect(([10, 0, 0, last], 80).into()).await.unwrap();
    }
}

/// RFC 5227, section 2.1: a free address is had 0.3 s after it is leased.
#[mirage::test]
async fn a_leased_address_is_had_soon(world: World) {
    let wire = world.wire();
    let server = world.dhcp_server(wire.port(), "10.0.0.1/24").await;
    let begin = world.clock().now();
    let hosts = [world.direct_dhcp(wire.port()).await, world.direct_dhcp(wire.port()).await];
    let took = world.clock().now().since(begin).as_millis();
    assert!((600..700).contains(&took), "{took} ms for two");
    assert_eq!(server.leased(), [[10, 0, 0, 10], [10, 0, 0, 11]].map(Ipv4Addr::from));
    assert_eq!(hosts[0].nameservers(), [Ipv4Addr::new(10, 0, 0, 1)], "the server says that it knows names");
    // Of a server that is gone for a while nobody notices anything, as long as the lease lasts.
    server.silent(true);
    world.time().sleep(Duration::from_secs(3000)).await;
    server.silent(false);
    world.time().sleep(Duration::from_secs(3000)).await;
    let _listener = hosts[1].tcp().listen(80).await.unwrap();
    hosts[0].tcp().connect(([10, 0, 0, 11], 80).into()).await.unwrap();
}
