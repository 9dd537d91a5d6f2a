//! ARP (RFC 826, RFC 1122 §2.3.2, RFC 5227).

use std::net::Ipv4Addr;
use std::time::Duration;

use mirage::{MacAddress, Network as _, Refused};
use mirage_net::ipv4::{Configure as _, Interface};
use mirage_test::World;

use crate::bench::{Bench, HERE, ROUTER, THERE};
use crate::packets::{ARP, IPV4, arp};

const NOBODY: MacAddress = MacAddress([0; 6]);
const OTHER: MacAddress = MacAddress([2, 9, 9, 9, 9, 9]);

/// Those of the frames that are ARP messages, without the Ethernet header.
fn messages(frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    frames.iter().filter(|frame| frame[12..14] == [8, 6]).map(|frame| frame[14..42].to_vec()).collect()
}

/// RFC 5227 §2.3: an address is announced when it is taken, and asked for each time, so that whoever has it says so,
/// though the first question may get lost.
#[mirage::test]
async fn an_address_is_announced(world: World) {
    let mut bench = Bench::bare(world).await;
    assert_eq!(bench.after(Duration::from_secs(1)).await.len(), 0, "nothing is said without one");
    bench.ip.configure(Some(Interface::new(HERE, 24)));
    let frames = bench.after(Duration::from_secs(10)).await;
    assert!(frames.len() >= 2 && frames.iter().all(|frame| frame[..6] == [0xff; 6]));
    let announcement = arp(true, (bench.mac, HERE), (NOBODY, HERE));
    let probe = arp(true, (bench.mac, Ipv4Addr::UNSPECIFIED), (NOBODY, HERE));
    let messages = messages(&frames);
    assert_eq!(messages, [&probe, &announcement].repeat(3).into_iter().cloned().collect::<Vec<_>>());
}

/// RFC 826, packet reception: who asks for this host is answered, and nobody else.
#[mirage::test]
async fn who_asks_is_answered(world: World) {
    let mut bench = Bench::new(world).await;
    let (mac, asking) = (bench.mac, (bench.port.mac(), THERE));
    bench.put(MacAddress::BROADCAST, ARP, &arp(true, asking, (NOBODY, ROUTER)));
    assert_eq!(bench.take(ARP).await.len(), 0);
    bench.put(MacAddress::BROADCAST, ARP, &arp(true, asking, (NOBODY, HERE)));
    assert_eq!(bench.take(ARP).await, [arp(false, (mac, HERE), asking)]);
    // RFC 5227 §2.1.1: a probe comes from nobody.
    let probing = (bench.port.mac(), Ipv4Addr::UNSPECIFIED);
    bench.put(MacAddress::BROADCAST, ARP, &arp(true, probing, (NOBODY, HERE)));
    assert_eq!(bench.take(ARP).await, [arp(false, (mac, HERE), probing)]);
    // And who has asked need not be asked.
    assert_eq!(bench.send(THERE, b"hello", true), Ok(()));
    assert_eq!(bench.after(Duration::from_millis(1)).await.len(), 1);
}

/// RFC 1122 §2.3.2.2: packets wait for the answer, in their order.
#[mirage::test]
async fn packets_wait(world: World) {
    let mut bench = Bench::new(world).await;
    for payload in [b"1", b"2", b"3"] {
        assert_eq!(bench.send(THERE, payload, true), Ok(()));
    }
    let (asking, answering) = ((bench.mac, HERE), (bench.port.mac(), THERE));
    assert_eq!(messages(&bench.after(Duration::from_millis(1)).await), [arp(true, asking, (NOBODY, THERE))]);
    bench.put(bench.mac, ARP, &arp(false, answering, asking));
    let sent: Vec<u8> = bench.take(IPV4).await.iter().map(|packet| packet[20]).collect();
    assert_eq!(sent, *b"123");
}

/// RFC 1122 §2.3.2.1: nobody is asked more than once a second, and who is silent is unreachable for a while.
#[mirage::test]
async fn who_does_not_answer_is_left_alone(world: World) {
    let mut bench = Bench::new(world).await;
    let mut asked = 0;
    for _ in 0..20 {
        let _ = bench.send(THERE, b"hello", true);
        let now = messages(&bench.after(Duration::from_millis(100)).await).len();
        asked += now;
    }
    assert!((1..=3).contains(&asked), "{asked} within 2 s");
    bench.after(Duration::from_secs(1)).await;
    assert_eq!(bench.send(THERE, b"hello", true), Err(Refused::Unreachable));
    bench.after(Duration::from_secs(60)).await;
    assert_eq!(bench.send(THERE, b"hello", true), Ok(()), "asked again later");
    assert_eq!(messages(&bench.after(Duration::from_millis(1)).await).len(), 1);
}

/// RFC 826, packet reception, the merge flag: what is said is believed of those who are known, and remembered of nobody
/// else.
#[mirage::test]
async fn strangers_are_not_remembered(world: World) {
    let mut bench = Bench::new(world).await;
    let itself = (bench.port.mac(), THERE);
    bench.put(MacAddress::BROADCAST, ARP, &arp(false, itself, itself));
    bench.after(Duration::from_millis(1)).await;
    assert_eq!(bench.send(THERE, b"hello", true), Ok(()));
    let frames = bench.after(Duration::from_millis(1)).await;
    assert_eq!((frames.len(), messages(&frames).len()), (1, 1), "it is asked about, whatever it told everybody");
    bench.introduce(THERE).await;
    bench.put(MacAddress::BROADCAST, ARP, &arp(true, (OTHER, THERE), (NOBODY, THERE)));
    bench.after(Duration::from_millis(1)).await;
    assert_eq!(bench.send(THERE, b"hello", true), Ok(()));
    let frames = bench.after(Duration::from_millis(1)).await;
    // The switch gives every port every frame.
    assert!(frames.iter().any(|frame| frame[..6] == OTHER.0), "it has moved: {frames:?}");
}

/// RFC 1122 §2.3.2.1 (2): an old entry that is used is confirmed, by asking that one alone.
#[mirage::test]
async fn what_is_used_is_confirmed(world: World) {
    let mut bench = Bench::new(world).await;
    bench.introduce(THERE).await;
    bench.after(Duration::from_secs(60)).await;
    assert_eq!(bench.send(THERE, b"hello", true), Ok(()));
    let frames = bench.after(Duration::from_millis(1)).await;
    assert_eq!(frames.len(), 2, "the packet does not wait");
    let question = frames.iter().find(|frame| frame[12..14] == [8, 6]).unwrap();
    assert_eq!(question[..6], bench.port.mac().0, "only the one is asked");
}

/// RFC 5227 §2.4 (b): the address is defended, but not again within ten seconds.
#[mirage::test]
async fn a_clash_is_answered_once_in_a_while(world: World) {
    let mut bench = Bench::new(world).await;
    let announcement = arp(true, (bench.mac, HERE), (NOBODY, HERE));
    let mut defended = 0;
    for _ in 0..15 {
        bench.put(MacAddress::BROADCAST, ARP, &arp(true, (OTHER, HERE), (NOBODY, HERE)));
        let messages = messages(&bench.after(Duration::from_secs(1)).await);
        defended += messages.iter().filter(|message| **message == announcement).count();
    }
    assert_eq!(defended, 2);
}
