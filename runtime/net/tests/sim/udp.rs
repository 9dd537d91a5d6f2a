//! UDP (RFC 768) on a wire.

use mirage_net::udp::Udp;
use mirage_test::World;

use crate::bare::Bare;
use crate::exchange::datagrams;
use crate::peer::Peer;
use crate::{HERE, THERE};

#[mirage::test]
async fn datagrams_to_and_from_smoltcp(world: World) {
    let wire = world.wire();
    let here = Udp::connect(Bare::new(&world, wire.port(), HERE), world.random()).await.unwrap();
    datagrams(&world, here.clone(), Peer::new(&world, wire.port(), THERE), &[0, 1, 2, 999, 1472]).await;
    let wire = world.wire();
    let there = Udp::connect(Bare::new(&world, wire.port(), THERE), world.random()).await.unwrap();
    datagrams(&world, Peer::new(&world, wire.port(), HERE), there, &[0, 1, 2, 999, 1472]).await;
}
