//! The resolver against name servers that do as a test says, on a simulated network in virtual time.

mod server;

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::ToString as _;
use alloc::vec;
use core::cell::Cell;
use core::net::IpAddr;
use core::time::Duration;

use mirage::{Clock as _, Resolver as _, Spawn as _, Time as _, Udp as _, UdpSocket as _};
use mirage_test::World;

use self::server::{A, NAMES, OTHER, Question, a, both, cname, resolver, serve, soa};
use super::{Error, Reason};

async fn seconds(world: &World, seconds: u64) {
    world.time().sleep(Duration::from_secs(seconds)).await;
}

#[mirage::test]
async fn addresses_of_both_families_are_found_and_remembered(world: World) {
    let asked = serve(&world, NAMES, |question| {
        assert_eq!(question.name, "www.example");
        question.address()
    })
    .await;
    let resolver = resolver(&world, &[NAMES]).await;
    assert_eq!(resolver.resolve("www.example").await, Ok(both()));
    assert_eq!(asked.get(), 2);
    assert_eq!(resolver.resolve("WWW.Example.").await, Ok(both()));
    seconds(&world, 59).await;
    assert_eq!(resolver.clone().resolve("www.example").await, Ok(both()));
    assert_eq!(asked.get(), 2);
    seconds(&world, 2).await;
    assert_eq!(resolver.resolve("www.example").await, Ok(both()));
    assert_eq!(asked.get(), 4, "RFC 1035, section 3.2.1: not longer than the TTL");
}

#[mirage::test]
async fn what_needs_no_server_asks_none(world: World) {
    let resolver = resolver(&world, &[]).await;
    let one = |address: &str| Ok(vec![address.parse().expect("an address")]);
    assert_eq!(resolver.resolve("192.0.2.7").await, one("192.0.2.7"));
    assert_eq!(resolver.resolve("2001:db8::7").await, one("2001:db8::7"));
    let local = ["127.0.0.1", "::1"].map(|address| address.parse().expect("an address")).to_vec();
    assert_eq!(resolver.resolve("localhost").await, Ok(local.clone()));
    assert_eq!(resolver.resolve("a.localhost.").await, Ok(local), "RFC 6761, section 6.3");
    for (name, message) in [
        (
            "www.example",
            "`www.example` cannot be resolved: no name server is known; give one with `--nameserver ADDRESS`",
        ),
        ("", "`` cannot be resolved: a part of the name is empty"),
        ("a b", "`a b` cannot be resolved: names have no ' ' in them"),
        ("a\nb", "`a\\nb` cannot be resolved: names have no '\\n' in them"),
    ] {
        assert_eq!(resolver.resolve(name).await.map_err(|error| error.to_string()), Err(message.to_owned()));
    }
}

#[mirage::test]
async fn a_name_of_one_family_only_has_addresses(world: World) {
    serve(&world, NAMES, |question| match question.kind {
        A => question.answers(&[]),
        _ => question.address(),
    })
    .await;
    let resolver = resolver(&world, &[NAMES]).await;
    assert_eq!(resolver.resolve("six.example").await, Ok(both()[1..].to_vec()));
}

#[mirage::test]
async fn ipv6_comes_first_where_a_router_tells_of_it(world: World) {
    serve(&world, NAMES, Question::address).await;
    let six: IpAddr = "fd00::53".parse().expect("an address");
    let resolver = resolver(&world, &[NAMES, six]).await;
    let mut expected = both();
    expected.reverse();
    assert_eq!(resolver.resolve("www.example").await, Ok(expected));
}

#[mirage::test]
async fn a_name_that_does_not_exist_is_remembered_as_its_zone_says(world: World) {
    // RFC 2308, section 5: the smaller of the SOA's TTL and its minimum.
    let asked = serve(&world, NAMES, |question| Some(question.reply(3, &[], &[soa(100, 20)]))).await;
    let resolver = resolver(&world, &[NAMES]).await;
    let missing = Error { name: "no.example".to_owned(), reason: Reason::Missing };
    assert_eq!(resolver.resolve("no.example").await, Err(missing.clone()));
    seconds(&world, 19).await;
    assert_eq!(resolver.resolve("no.example").await, Err(missing.clone()));
    assert_eq!(asked.get(), 2);
    seconds(&world, 2).await;
    assert_eq!(resolver.resolve("no.example").await, Err(missing));
    assert_eq!(asked.get(), 4);
}

#[mirage::test]
async fn a_name_without_addresses_has_none(world: World) {
    let asked = serve(&world, NAMES, |question| question.answers(&[])).await;
    let resolver = resolver(&world, &[NAMES]).await;
    for _ in 0..2 {
        let none = Error { name: "no.example".to_owned(), reason: Reason::NoAddress };
        assert_eq!(resolver.resolve("no.example").await, Err(none));
    }
    assert_eq!(asked.get(), 4, "RFC 2308, section 5: without an SOA nothing is remembered");
}

#[mirage::test]
async fn aliases_are_followed_in_the_reply(world: World) {
    // RFC 1034, section 3.6.2; in any order.
    let asked = serve(&world, NAMES, |question| {
        question.answers(&[a("c.example", 60), cname("b.example", "C.example", 5), cname("a.example", "b.example", 60)])
    })
    .await;
    let resolver = resolver(&world, &[NAMES]).await;
    assert_eq!(resolver.resolve("a.example").await, Ok(both()[..1].to_vec()));
    assert!(asked.get() <= 2 + 1, "IPv6 addresses of `c.example` are asked for");
    seconds(&world, 6).await;
    let before = asked.get();
    assert_eq!(resolver.resolve("a.example").await, Ok(both()[..1].to_vec()));
    assert!(asked.get() > before, "an alias counts, too");
}

#[mirage::test]
async fn aliases_are_followed_by_asking(world: World) {
    serve(&world, NAMES, |question| match &question.name[..] {
        "a.example" => question.answers(&[cname("a.example", "b.example", 60)]),
        "b.example" => question.answers(&[cname("b.example", "c.example", 60)]),
        _ => question.address(),
    })
    .await;
    let resolver = resolver(&world, &[NAMES]).await;
    assert_eq!(resolver.resolve("a.example").await, Ok(both()));
}

#[mirage::test]
async fn aliases_in_a_circle_end(world: World) {
    let asked = serve(&world, NAMES, |question| match &question.name[..] {
        "a.example" => question.answers(&[cname("a.example", "b.example", 60), cname("b.example", "a.example", 60)]),
        "c.example" => question.answers(&[cname("c.example", "d.example", 60)]),
        _ => question.answers(&[cname("d.example", "c.example", 60)]),
    })
    .await;
    let resolver = resolver(&world, &[NAMES]).await;
    for name in ["a.example", "c.example"] {
        let circle = Error { name: name.to_owned(), reason: Reason::Circle };
        assert_eq!(resolver.resolve(name).await, Err(circle));
    }
    assert!(asked.get() <= 20, "{}", asked.get());
}

#[mirage::test]
async fn a_lost_question_is_asked_again_and_the_next_server_asked(world: World) {
    let silent = Rc::new(Cell::new(true));
    let first = serve(&world, NAMES, {
        let silent = silent.clone();
        move |question| if silent.get() { None } else { question.address() }
    })
    .await;
    let second = serve(&world, OTHER, Question::address).await;
    let resolver = resolver(&world, &[NAMES, OTHER]).await;
    let begun = world.clock().now();
    assert_eq!(resolver.resolve("www.example").await, Ok(both()));
    let took = world.clock().now().since(begun);
    assert!((2.0..2.1).contains(&took.as_secs_f64()), "{took:?}");
    assert_eq!((first.get(), second.get()), (2, 2));
    silent.set(false);
    assert_eq!(resolver.resolve("else.example").await, Ok(both()));
    assert_eq!((first.get(), second.get()), (2, 4), "who has answered is asked first");
}

#[mirage::test]
async fn nobody_answers_in_the_end(world: World) {
    let asked = serve(&world, NAMES, |_| None).await;
    let resolver = resolver(&world, &[NAMES]).await;
    let begun = world.clock().now();
    let error = resolver.resolve("www.example").await.map_err(|error| error.to_string());
    assert_eq!(error, Err("`www.example` cannot be resolved: no name server answers".to_owned()));
    assert_eq!((asked.get(), world.clock().now().since(begun).as_secs()), (6, 10));
}

#[mirage::test]
async fn a_server_that_cannot_say_is_not_asked_again(world: World) {
    let first = serve(&world, NAMES, |question| Some(question.reply(2, &[], &[]))).await;
    let second = serve(&world, OTHER, |question| Some(question.reply(5, &[], &[]))).await;
    let resolver = resolver(&world, &[NAMES, OTHER]).await;
    let error = resolver.resolve("www.example").await.map_err(|error| error.to_string());
    let message = "`www.example` cannot be resolved: the name server 10.0.0.54 refuses to say (REFUSED)";
    assert_eq!(error, Err(message.to_owned()));
    assert_eq!((first.get(), second.get()), (2, 2));
}

#[mirage::test]
async fn a_reply_that_does_not_fit_comes_over_tcp(world: World) {
    // RFC 7766, section 5.
    serve(&world, NAMES, |question| {
        if question.tcp {
            return question.address();
        }
        let mut reply = question.reply(0, &[], &[]);
        reply[2] |= 2;
        Some(reply)
    })
    .await;
    let resolver = resolver(&world, &[NAMES]).await;
    assert_eq!(resolver.resolve("www.example").await, Ok(both()));
}

#[mirage::test]
async fn a_server_that_does_not_keep_capitals_is_asked_over_tcp(world: World) {
    let over_tcp = Rc::new(Cell::new(0));
    serve(&world, NAMES, {
        let over_tcp = over_tcp.clone();
        move |question| {
            let mut reply = question.address()?;
            if question.tcp {
                over_tcp.set(over_tcp.get() + 1);
            } else {
                reply[12..40].make_ascii_lowercase();
            }
            Some(reply)
        }
    })
    .await;
    let resolver = resolver(&world, &[NAMES]).await;
    assert_eq!(resolver.resolve("a-name-with-many-letters.example").await, Ok(both()));
    assert_eq!(over_tcp.get(), 2);
}

#[mirage::test]
async fn what_does_not_fit_the_question_is_not_believed(world: World) {
    // RFC 5452, section 9.1: the server, the number and the question must fit.
    let stranger = world.host(OTHER).stack();
    serve(&world, NAMES, |_| None).await;
    let resolver = resolver(&world, &[NAMES]).await;
    world.spawner().spawn(async move {
        let (right, wrong) = (
            mirage::Stack::udp(&stranger).bind(53).await.expect("free"),
            mirage::Stack::udp(&stranger).bind(0).await.expect("free"),
        );
        let mut question = vec![0, 0, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
        question.extend(b"\x03www\x07example\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x06\x06\x06\x06");
        for port in 49152..49200 {
            for socket in [&right, &wrong] {
                for _ in 0..40 {
                    socket.send(&question, (World::HOST, port).into()).await.expect("sent");
                }
            }
        }
    });
    assert_eq!(resolver.resolve("www.example").await.map_err(|error| error.reason), Err(Reason::Silence));
}

#[mirage::test]
async fn whoever_guesses_makes_it_ask_anew(world: World) {
    // RFC 5452, section 9.2.
    let asked = Rc::new(Cell::new(0));
    let (host, count) = (world.host(NAMES).stack(), asked.clone());
    world.spawner().spawn(async move {
        let socket = mirage::Stack::udp(&host).bind(53).await.expect("free");
        let mut buffer = [0; 600];
        loop {
            let (length, from) = socket.receive(&mut buffer).await.expect("a datagram");
            count.set(count.get() + 1);
            let mut forged = Question::read(&buffer[..length], false).address().expect("a reply");
            forged[0] ^= 1;
            for _ in 0..32 {
                socket.send(&forged, from).await.expect("sent");
            }
        }
    });
    let resolver = resolver(&world, &[NAMES]).await;
    let error = resolver.resolve("www.example").await.map_err(|error| error.to_string());
    assert!(error.is_err_and(|error| error.contains("somebody forges its replies")));
    assert!(asked.get() >= 2);
}

#[mirage::test]
async fn the_same_name_is_asked_for_once_at_a_time(world: World) {
    let asked = serve(&world, NAMES, Question::address).await;
    let resolver = resolver(&world, &[NAMES]).await;
    let done = Rc::new(Cell::new(0));
    for _ in 0..10 {
        let (resolver, done) = (resolver.clone(), done.clone());
        world.spawner().spawn(async move {
            assert_eq!(resolver.resolve("www.example").await, Ok(both()));
            done.set(done.get() + 1);
        });
    }
    seconds(&world, 1).await;
    assert_eq!((done.get(), asked.get()), (10, 2));
}

#[mirage::test]
async fn when_who_asks_gives_up_another_asks_on(world: World) {
    let silent = Rc::new(Cell::new(true));
    serve(&world, NAMES, {
        let silent = silent.clone();
        move |question| if silent.get() { None } else { question.address() }
    })
    .await;
    let resolver = resolver(&world, &[NAMES]).await;
    let (first, time) = (resolver.clone(), world.time());
    world.spawner().spawn(async move {
        let given_up = time.timeout(Duration::from_secs(1), first.resolve("www.example")).await;
        assert!(given_up.is_err());
    });
    world.time().sleep(Duration::from_millis(500)).await;
    let second = Box::pin(resolver.resolve("www.example"));
    silent.set(false);
    assert_eq!(second.await, Ok(both()));
}

#[mirage::test]
async fn one_family_is_not_held_up_by_the_other(world: World) {
    let asked = serve(&world, NAMES, |question| if question.kind == A { question.address() } else { None }).await;
    let resolver = resolver(&world, &[NAMES]).await;
    for _ in 0..2 {
        let begun = world.clock().now();
        assert_eq!(resolver.resolve("www.example").await, Ok(both()[..1].to_vec()));
        assert!(world.clock().now().since(begun) < Duration::from_millis(300));
    }
    assert_eq!(asked.get(), 2);
}

#[mirage::test]
async fn a_lossy_network_loses_no_names(world: World) {
    world.network().udp_loss(0.2);
    serve(&world, NAMES, Question::address).await;
    let resolver = resolver(&world, &[NAMES, NAMES]).await;
    for number in 0..100 {
        let name = alloc::format!("n{number}.example");
        let addresses = resolver.resolve(&name).await.expect("addresses");
        assert!(!addresses.is_empty());
    }
}
