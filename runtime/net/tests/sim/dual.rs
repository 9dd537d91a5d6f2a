//! IPv6 on a wire (RFC 8200), and TCP and UDP over both families at once.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use mirage::io::Write as _;
use mirage::{BufWrite as _, Flow as _, Listener as _, Spawn as _, Tcp as _, Time as _, Udp as _, UdpSocket as _};
use mirage_net::Error;
use mirage_net::ipv4::{Configure as _, Interface};
use mirage_test::{DirectTcp, DirectUdp, Layers, Port, World, read_to_end};

use crate::exchange::pattern;
use crate::{HERE, THERE};

/// What every address of these hosts begins with.
const PREFIX: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0);

fn v6(host: [u8; 4]) -> Ipv6Addr {
    Ipv6Addr::from_bits(PREFIX.to_bits() | u128::from(host[3]))
}

/// A host with both kinds of addresses.
async fn host(world: &World, port: Port, address: [u8; 4]) -> (DirectTcp, DirectUdp) {
    let Layers { ipv4, ipv6, tcp, udp, .. } = world.layers(port).await;
    ipv4.configure(Some(Interface::new(address, 24)));
    ipv6.configure(v6(address), 64, None);
    (tcp, udp)
}

#[mirage::test]
async fn tcp_over_both_families(world: World) {
    let wire = world.wire();
    let ((here, _), (there, _)) = (host(&world, wire.port(), HERE).await, host(&world, wire.port(), THERE).await);
    let mut listener = there.listen(80).await.unwrap();
    world.spawner().spawn(async move {
        loop {
            let flow = listener.accept().await.unwrap();
            let (mut reader, mut writer) = flow.split();
            let all = read_to_end(&mut reader).await.unwrap();
            writer.write_all(&all).await.unwrap();
            writer.close().await.unwrap();
        }
    });
    let sent = pattern(300_000);
    for (from, to) in [(IpAddr::from(HERE), IpAddr::from(THERE)), (v6(HERE).into(), v6(THERE).into())] {
        let flow = here.connect((to, 80).into()).await.unwrap();
        assert_eq!((flow.local().ip(), flow.peer()), (from, SocketAddr::from((to, 80))));
        let (mut reader, mut writer) = flow.split();
        writer.write_all(&sent).await.unwrap();
        writer.close().await.unwrap();
        let back = read_to_end(&mut reader).await.unwrap();
        assert!(back == sent, "{to}");
        assert!(here.connect((to, 81).into()).await.is_err(), "nobody is at this port");
    }
}

#[mirage::test]
async fn datagrams_in_pieces_and_to_ports_nobody_is_at(world: World) {
    let wire = world.wire();
    let ((_, udp), (_, there)) = (host(&world, wire.port(), HERE).await, host(&world, wire.port(), THERE).await);
    let (here, there) = (udp.bind(5000).await.unwrap(), there.bind(6000).await.unwrap());
    let to = |port| SocketAddr::from((v6(THERE), port));
    for length in [0, 1, 1452, 1453, 9000] {
        let sent = pattern(length);
        here.send(&sent, to(6000)).await.unwrap();
        let mut buffer = vec![0; 10_000];
        let (count, from) = there.receive(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..count], from), (&sent[..], SocketAddr::from((v6(HERE), 5000))));
    }
    // Who asks one peer is told.
    let here = udp.bind(5001).await.unwrap();
    here.send(b"anybody?", to(6001)).await.unwrap();
    world.time().sleep(Duration::from_secs(1)).await;
    let said = here.receive(&mut [0; 10]).await;
    assert!(matches!(said, Err(Error::ConnectionRefused)), "{said:?}");
}
