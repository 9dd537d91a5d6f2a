//! Addresses that two hosts want (RFC 5227), and that nobody has.

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
