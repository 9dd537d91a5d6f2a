//! smoltcp against smoltcp: that the wire and the peer are in order before anything of ours is blamed.

use mirage_test::World;

use crate::exchange::{at_once, both_ways, datagrams, weathers};
use crate::peer::Peer;
use crate::{HERE, THERE};

#[mirage::test]
async fn it_gets_through_all_weathers(world: World) {
    for (name, conditions) in weathers() {
        let wire = world.wire();
        wire.conditions(conditions);
        let (here, there) = (Peer::new(&world, wire.port(), HERE), Peer::new(&world, wire.port(), THERE));
        let took = both_ways(&world, here, there, 64 * 1024).await;
        println!("{name}: {took:?}");
    }
}

#[mirage::test]
async fn both_directions_at_once_and_datagrams(world: World) {
    let wire = world.wire();
    let (here, there) = (Peer::new(&world, wire.port(), HERE), Peer::new(&world, wire.port(), THERE));
    at_once(&world, here.clone(), there.clone(), 100_000).await;
    datagrams(&world, here, there, &[0, 1, 17, 1000, 1472]).await;
}
