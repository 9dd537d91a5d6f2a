//! TCP (RFC 9293) on a wire, in all weathers.

use mirage::{Offloads, Tcp as _};
use mirage_net::tcp::Tcp;
use mirage_test::{Clock, Port, Random, World};

use crate::bare::Bare;
use crate::exchange::{at_once, both_ways, weathers};
use crate::peer::Peer;
use crate::{HERE, THERE};

const MEBIBYTE: usize = 1 << 20;

pub async fn ours(world: &World, port: Port, address: [u8; 4]) -> Tcp<Bare, Clock, Random> {
    Tcp::connect(Bare::new(world, port, address), world.clock(), world.random()).await.unwrap()
}

#[mirage::test]
async fn against_itself_in_all_weathers(world: World) {
    for (name, conditions) in weathers() {
        println!("{name} …");
        let wire = world.wire();
        wire.conditions(conditions);
        let (here, there) = (ours(&world, wire.port(), HERE).await, ours(&world, wire.port(), THERE).await);
        let took = both_ways(&world, here, there, MEBIBYTE).await;
        println!("{name}: {took:?}");
    }
}

#[mirage::test]
async fn to_smoltcp_in_all_weathers(world: World) {
    for (name, conditions) in weathers() {
        println!("{name} …");
        let wire = world.wire();
        wire.conditions(conditions);
        let (here, there) = (ours(&world, wire.port(), HERE).await, Peer::new(&world, wire.port(), THERE));
        let took = both_ways(&world, here, there, MEBIBYTE).await;
        println!("{name}: {took:?}");
    }
}

#[mirage::test]
async fn from_smoltcp_in_all_weathers(world: World) {
    for (name, conditions) in weathers() {
        println!("{name} …");
        let wire = world.wire();
        wire.conditions(conditions);
        let (here, there) = (Peer::new(&world, wire.port(), HERE), ours(&world, wire.port(), THERE).await);
        let took = both_ways(&world, here, there, MEBIBYTE).await;
        println!("{name}: {took:?}");
    }
}

#[mirage::test]
async fn both_directions_at_once(world: World) {
    let wire = world.wire();
    let (here, there) = (ours(&world, wire.port(), HERE).await, ours(&world, wire.port(), THERE).await);
    at_once(&world, here, there, MEBIBYTE).await;
}

#[mirage::test]
async fn nobody_listening_refuses(world: World) {
    let wire = world.wire();
    let (here, _there) = (ours(&world, wire.port(), HERE).await, ours(&world, wire.port(), THERE).await);
    let refused = here.connect((THERE, 81).into()).await;
    assert_eq!(refused.err(), Some(mirage_net::Error::ConnectionRefused));
}

#[mirage::test]
async fn with_every_offload_on_either_side(world: World) {
    let everything = Offloads { checksum: true, segment_v4: true, segment_v6: true };
    let checksums = Offloads { checksum: true, ..Offloads::default() };
    for (a, b) in [(everything, everything), (everything, Offloads::default()), (Offloads::default(), checksums)] {
        for (name, conditions) in weathers() {
            let wire = world.wire();
            wire.conditions(conditions);
            let (here, there) = (wire.port_with(a), wire.port_with(b));
            let (here, there) = (ours(&world, here, HERE).await, ours(&world, there, THERE).await);
            let took = both_ways(&world, here, there, MEBIBYTE / 4).await;
            println!("{name}: {took:?}");
        }
    }
}

/// RFC 9293, section 3.7.1: options take from the segment, on interfaces that cut nothing.
#[mirage::test]
async fn around_the_length_of_one_segment(world: World) {
    for length in 1430..=1470 {
        let wire = world.wire();
        let (here, there) = (ours(&world, wire.port(), HERE).await, ours(&world, wire.port(), THERE).await);
        both_ways(&world, here, there, length).await;
    }
}
