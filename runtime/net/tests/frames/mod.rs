//! What holds for any frames whatever that come to a whole stack; shared by the property test, the corpus's replay and
//! the fuzz target.

mod pluggable;
mod said;
mod sums;

use std::rc::Rc;
use std::time::Duration;

use mirage::args;
use mirage::{Network as _, Offload, Tcp as _, Time as _, Udp as _};
use mirage_net::ipv4::{Configure as _, Interface};
use mirage_net::{Arp, Dual, Ethernet, Ipv4, Ipv6, Tcp, Udp};
use mirage_test::{Options, World};

use pluggable::Pluggable;

/// The stack's IPv4 address.
pub const HERE: [u8; 4] = [10, 0, 0, 1];
/// Its IPv6 address, besides those it forms itself.
pub const HERE_V6: [u8; 16] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// Header checksums are filled in, and what a packet carries is summed up too.
const SUM: u8 = 1;
/// The frame is for the stack's hardware address, whatever it says.
const FOR_US: u8 = 2;
/// Some seconds pass first.
const LATER: u8 = 4;

/// How long a stack says things by itself at first: its address is announced, routers are asked for.
const SETTLED: Duration = Duration::from_secs(20);

/// Frames one after the other, each behind a byte of flags and two of its length. Returns how many IP packets the stack
/// had to say to them.
pub fn frames(bytes: &[u8]) -> usize {
    let bytes = bytes.to_vec();
    let said = Rc::new(std::cell::Cell::new(0));
    let count = said.clone();
    mirage_test::run(Options { name: "frames", seed: Some(1) }, |world| async move {
        count.set(play(world, bytes).await);
    });
    said.get()
}

async fn play(world: World, bytes: Vec<u8>) -> usize {
    let wire = world.wire();
    let (mut port, ours) = (wire.port(), wire.port());
    let mac = ours.mac();
    let (ours, plug) = Pluggable::new(ours);
    let (clock, time, random) = (world.clock(), world.time(), world.random());
    let ethernet = Ethernet::connect(ours, clock.clone(), time.clone(), world.spawner()).await.expect("Ethernet");
    let arp = Arp::connect(ethernet.clone(), clock.clone(), random.clone()).await.expect("ARP");
    let ipv4 = Ipv4::connect(ethernet.clone(), arp, clock.clone(), random.clone()).await.expect("IPv4");
    let network = args::Ipv6Network { address: HERE_V6.into(), prefix: 64 };
    let told = args::Ipv6 { ipv6: Some(network), ..Default::default() };
    let ipv6 = Ipv6::connect(ethernet.clone(), clock.clone(), random.clone(), told).await.expect("IPv6");
    let ip = Dual::connect(ipv4.clone(), ipv6).await.expect("both");
    let udp = Udp::connect(ip.clone(), random.clone()).await.expect("UDP");
    let tcp = Tcp::connect(ip.clone(), clock, random).await.expect("TCP");
    let bound = udp.bind(53).await.expect("a free port");
    let listener = tcp.listen(80).await.expect("a free port");
    ipv4.configure(Some(Interface::new(HERE, 24)));
    time.sleep(SETTLED).await;
    said::look(&mut port, mac);
    let (mut came, mut said) = (0, 0);
    let mut rest = &bytes[..];
    while let Some((&[flags, high, low], behind)) = rest.split_first_chunk::<3>() {
        let (frame, behind) = behind.split_at(usize::from(u16::from_be_bytes([high, low])).min(behind.len()));
        rest = behind;
        if flags & LATER != 0 {
            time.sleep(Duration::from_secs(7)).await;
        }
        let mut frame = frame.to_vec();
        if frame.len() < 14 || frame.len() > 1514 {
            continue;
        }
        if flags & FOR_US != 0 {
            frame[..6].copy_from_slice(&mac.0);
        }
        if flags & SUM != 0 {
            sums::fill(&mut frame);
        }
        assert!(port.send(&[&frame], Offload::default()).expect("the wire is there"));
        port.notify().expect("the wire is there");
        came += 1;
        time.sleep(Duration::from_millis(1)).await;
        said += said::look(&mut port, mac);
    }
    time.sleep(Duration::from_millis(100)).await;
    said += said::look(&mut port, mac);
    // Layers hold on to each other for as long as a unikernel runs; a fuzzer runs many. What a listener or a socket is
    // known by goes with it, the loop ends with its interface, and layers let go of those above.
    drop((bound, listener));
    pluggable::detach(&ethernet, &ip);
    drop(plug);
    time.sleep(Duration::from_millis(1)).await;
    // Nobody has the stack say much more than was said to it: an answer of many pieces is one to as many.
    assert!(said <= 8 + 8 * came, "{said} packets for {came}");
    said
}
