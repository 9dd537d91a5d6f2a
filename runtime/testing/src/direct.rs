//! Hosts that run the TCP/IP stack of `mirage-net` on a wire.

use mirage::args::StaticIpv4;
use mirage_net::{arp, dhcp, ethernet, ipv4, stack, tcp, udp};

use crate::{Clock, Port, Random, Spawner, Time, World, args};

/// Ethernet on a port of a wire.
pub type Ethernet = ethernet::Ethernet<Port, Clock, Time, Spawner>;
/// ARP over it.
pub type Arp = arp::Arp<Ethernet, Clock, Random>;
/// IPv4 over both.
pub type Ipv4 = ipv4::Ipv4<Ethernet, Arp, Clock, Random>;
/// UDP over IPv4.
pub type DirectUdp = udp::Udp<Ipv4, Random>;
/// TCP over IPv4.
pub type DirectTcp = tcp::Tcp<Ipv4, Clock, Random>;
/// The whole stack, with an address.
pub type Direct = stack::Direct<Ipv4, DirectUdp, DirectTcp, dhcp::Static<Ipv4>>;

/// The layers of one host, for whoever wants to look at one of them. There is no address yet.
#[derive(Clone)]
pub struct Layers {
    /// Frames.
    pub ethernet: Ethernet,
    /// Neighbours.
    pub arp: Arp,
    /// Packets, and where an address is [given](ipv4::Configure).
    pub ipv4: Ipv4,
    /// Datagrams.
    pub udp: DirectUdp,
    /// Connections.
    pub tcp: DirectTcp,
}

impl World {
    /// The stack of a host that is plugged into `port` and has this address, as `10.0.0.1/24`.
    ///
    /// ```
    /// use mirage::{Stack as _, Tcp as _};
    ///
    /// # mirage_test::run(mirage_test::Options { name: "direct", seed: None }, |world| async move {
    /// let wire = world.wire();
    /// let here = world.direct(wire.port(), "10.0.0.1/24").await;
    /// let there = world.direct(wire.port(), "10.0.0.2/24").await;
    /// let _listener = there.tcp().listen(80).await.unwrap();
    /// here.tcp().connect(([10, 0, 0, 2], 80).into()).await.unwrap();
    /// # });
    /// ```
    ///
    /// # Panics
    /// When that is no address.
    pub async fn direct(&self, port: Port, ipv4: &str) -> Direct {
        self.direct_told(port, args(&format!("--ipv4 {ipv4}"))).await
    }

    /// The same with a gateway and name servers: `args("--ipv4 10.0.0.1/24 --ipv4-gateway 10.0.0.254")`.
    ///
    /// # Panics
    /// When the gateway cannot be reached from the address.
    pub async fn direct_told(&self, port: Port, told: StaticIpv4) -> Direct {
        let Layers { ipv4, udp, tcp, .. } = self.layers(port).await;
        let address = dhcp::Static::connect(ipv4.clone(), told).await.unwrap_or_else(|error| panic!("{error}"));
        done(Direct::connect(ipv4, udp, tcp, address).await)
    }

    /// The layers of a host that is plugged into `port`.
    pub async fn layers(&self, port: Port) -> Layers {
        let (clock, random) = (self.clock(), self.random());
        let ethernet = done(Ethernet::connect(port, clock.clone(), self.time(), self.spawner()).await);
        let arp = done(Arp::connect(ethernet.clone(), clock.clone(), random.clone()).await);
        let ipv4 = done(Ipv4::connect(ethernet.clone(), arp.clone(), clock.clone(), random.clone()).await);
        let udp = done(DirectUdp::connect(ipv4.clone(), random.clone()).await);
        let tcp = done(DirectTcp::connect(ipv4.clone(), clock, random).await);
        Layers { ethernet, arp, ipv4, udp, tcp }
    }
}

fn done<T>(connected: Result<T, std::convert::Infallible>) -> T {
    let Ok(connected) = connected;
    connected
}
