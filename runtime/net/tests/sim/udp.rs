//! UDP (RFC 768) on a wire.

use mirage::{Stack as _, Udp as _, UdpSocket as _};
use mirage_test::{Conditions, World};

use crate::exchange::datagrams;
use crate::peer::Peer;
use crate::{HERE, THERE};

/// Lengths up to what one frame takes.
const WHOLE: &[usize] = &[0, 1, 2, 17, 999, 1472];

#[mirage::test]
async fn datagrams_to_and_from_ourselves(world: World) {
    let wire = world.wire();
    let here = world.direct(wire.port(), "10.0.0.1/24").await;
    let there = world.direct(wire.port(), "10.0.0.2/24").await;
    datagrams(&world, here.udp().clone(), there.udp().clone(), WHOLE).await;
}

#[mirage::test]
async fn datagrams_to_and_from_smoltcp(world: World) {
    let wire = world.wire();
    let here = world.direct(wire.port(), "10.0.0.1/24").await;
    datagrams(&world, here.udp().clone(), Peer::new(&world, wire.port(), THERE), WHOLE).await;
    let wire = world.wire();
    let there = world.direct(wire.port(), "10.0.0.2/24").await;
    datagrams(&world, Peer::new(&world, wire.port(), HERE), there.udp().clone(), WHOLE).await;
}

/// RFC 791, section 3.2: fragmentation and reassembly, in disorder as well.
#[mirage::test]
async fn datagrams_in_fragments(world: World) {
    let wire = world.wire();
    wire.conditions(Conditions { reordering: 0.3, duplication: 0.3, ..Conditions::default() });
    let here = world.direct(wire.port(), "10.0.0.1/24").await;
    let there = world.direct(wire.port(), "10.0.0.2/24").await;
    datagrams(&world, here.udp().clone(), there.udp().clone(), &[1473, 2000, 2952, 8000, 60_000]).await;
}

/// RFC 1122, section 4.1.3.1: nobody there is said, not guessed from silence.
#[mirage::test]
async fn a_closed_port_is_silent_and_harmless(world: World) {
    let wire = world.wire();
    let here = world.direct(wire.port(), "10.0.0.1/24").await;
    let there = world.direct(wire.port(), "10.0.0.2/24").await;
    let socket = here.udp().bind(0).await.unwrap();
    socket.send(b"anybody?", (THERE, 9).into()).await.unwrap();
    datagrams(&world, here.udp().clone(), there.udp().clone(), &[5]).await;
}
