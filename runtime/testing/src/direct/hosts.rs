//! Hosts.

use mirage::args::Ipv4Network;
use mirage_net::{arp, dhcp, dual, ethernet, ipv4, ipv6, stack, tcp, udp};

use super::{DhcpServer, Told};
use crate::{Clock, Port, Random, Spawner, Time, World, args};

/// Ethernet on a port of a wire.
pub type Ethernet = ethernet::Ethernet<Port, Clock, Time, Spawner>;
/// ARP over it.
pub type Arp = arp::Arp<Ethernet, Clock, Random>;
/// IPv4 over both.
pub type Ipv4 = ipv4::Ipv4<Ethernet, Arp, Clock, Random>;
/// IPv6 over Ethernet.
pub type Ipv6 = ipv6::Ipv6<Ethernet, Clock, Random>;
/// Both.
pub type Ip = dual::Dual<Ipv4, Ipv6>;
/// UDP over both.
pub type DirectUdp = udp::Udp<Ip, Random>;
/// TCP over both.
pub type DirectTcp = tcp::Tcp<Ip, Clock, Random>;
/// The whole stack, with addresses; with none of IPv4 if only one of IPv6 was told.
pub type Direct = stack::Direct<Ip, DirectUdp, DirectTcp, Option<Addresses>>;
/// What gives IPv4 its address: told, or by DHCP.
type Addresses = dhcp::Auto<Ipv4, DirectUdp, Clock, Time, Random, Spawner>;

/// The layers of one host, for whoever wants to look at one of them. There is no address yet, except for those IPv6
/// forms itself.
#[derive(Clone)]
pub struct Layers {
    /// Frames.
    pub ethernet: Ethernet,
    /// Neighbours.
    pub arp: Arp,
    /// Packets, and where an address is [given](ipv4::Configure).
    pub ipv4: Ipv4,
    /// Packets of IPv6.
    pub ipv6: Ipv6,
    /// Packets of both.
    pub ip: Ip,
    /// Datagrams.
    pub udp: DirectUdp,
    /// Connections.
    pub tcp: DirectTcp,
}

impl World {
    /// The stack of a host that is plugged into `port` and has this address, or these: one of IPv4 as `10.0.0.1/24`,
    /// one of IPv6 as `fd00::1/64`, or one of each with a space between them.
    ///
    /// ```
    /// use mirage::{Stack as _, Tcp as _};
    ///
    /// # mirage_test::run(mirage_test::Options { name: "direct", seed: None }, |world| async move {
    /// let wire = world.wire();
    /// let here = world.direct(wire.port(), "10.0.0.1/24 fd00::1/64").await;
    /// let there = world.direct(wire.port(), "10.0.0.2/24 fd00::2/64").await;
    /// let _listener = there.tcp().listen(80).await.unwrap();
    /// here.tcp().connect(([10, 0, 0, 2], 80).into()).await.unwrap();
    /// here.tcp().connect("[fd00::2]:80".parse().unwrap()).await.unwrap();
    /// # });
    /// ```
    ///
    /// # Panics
    /// When that is no address.
    pub async fn direct(&self, port: Port, addresses: &str) -> Direct {
        let told = read(addresses);
        if told.ipv4.is_some() {
            return self.direct_told(port, told).await;
        }
        let Layers { ip, udp, tcp, .. } = self.layers_told(port, told.parts().1).await;
        done(Direct::connect(ip, udp, tcp, None).await)
    }

    /// The same as an image with `--ip auto` would be told it, with routers, routes and name servers:
    /// `args("--ipv4 10.0.0.1/24 --ipv4-gateway 10.0.0.254")`. Without `--ipv4` it waits for an address by DHCP.
    ///
    /// # Panics
    /// When a router cannot be reached from the address.
    pub async fn direct_told(&self, port: Port, told: Told) -> Direct {
        let (four, six) = told.parts();
        let Layers { ipv4, ip, udp, tcp, .. } = self.layers_told(port, six).await;
        let (clock, time, random, spawn) = (self.clock(), self.time(), self.random(), self.spawner());
        let addresses = Addresses::connect(ipv4, udp.clone(), clock, time, random, spawn, four).await;
        let addresses = addresses.unwrap_or_else(|error| panic!("{error}"));
        done(Direct::connect(ip, udp, tcp, Some(addresses)).await)
    }

    /// IP of a host that is plugged into `port` and has these addresses, as in [`direct`](Self::direct): for what stands on
    /// packets.
    ///
    /// # Panics
    /// When those are no addresses.
    pub async fn direct_ip(&self, port: Port, addresses: &str) -> Ip {
        let told = read(addresses);
        let (four, six) = told.parts();
        let Layers { ipv4, ip, .. } = self.layers_told(port, six).await;
        if let Some(Ipv4Network { address, prefix }) = four.ipv4 {
            ipv4::Configure::configure(&ipv4, Some(ipv4::Interface::new(address, prefix)));
        }
        ip
    }

    /// The stack of a host that has its address from a [DHCP server](Self::dhcp_server) on the wire, which is waited for.
    pub async fn direct_dhcp(&self, port: Port) -> Direct {
        self.direct_told(port, Told::default()).await
    }

    /// A DHCP server that is plugged into `port`, has this address, and leases the others of its network.
    ///
    /// ```
    /// use mirage::{Stack as _, Tcp as _};
    ///
    /// # mirage_test::run(mirage_test::Options { name: "dhcp", seed: None }, |world| async move {
    /// let wire = world.wire();
    /// let server = world.dhcp_server(wire.port(), "10.0.0.1/24").await;
    /// let there = world.direct_dhcp(wire.port()).await;
    /// let here = world.direct(wire.port(), "10.0.0.9/24").await;
    /// let _listener = there.tcp().listen(80).await.unwrap();
    /// here.tcp().connect((server.leased()[0], 80).into()).await.unwrap();
    /// # });
    /// ```
    ///
    /// # Panics
    /// When that is no address.
    pub async fn dhcp_server(&self, port: Port, address: &str) -> DhcpServer {
        let told: Told = args(&format!("--ipv4 {address}"));
        let network = told.ipv4.expect("an IPv4 address was given");
        let stack = self.direct_told(port, told).await;
        DhcpServer::start(self, &stack, network).await
    }

    /// The layers of a host that is plugged into `port`.
    pub async fn layers(&self, port: Port) -> Layers {
        self.layers_told(port, Default::default()).await
    }

    async fn layers_told(&self, port: Port, told: mirage::args::Ipv6) -> Layers {
        let (clock, random) = (self.clock(), self.random());
        let ethernet = done(Ethernet::connect(port, clock.clone(), self.time(), self.spawner()).await);
        let arp = done(Arp::connect(ethernet.clone(), clock.clone(), random.clone()).await);
        let ipv4 = done(Ipv4::connect(ethernet.clone(), arp.clone(), clock.clone(), random.clone()).await);
        let ipv6 = Ipv6::connect(ethernet.clone(), clock.clone(), random.clone(), told).await;
        let ipv6 = ipv6.unwrap_or_else(|error| panic!("{error}"));
        let ip = done(Ip::connect(ipv4.clone(), ipv6.clone()).await);
        let udp = done(DirectUdp::connect(ip.clone(), random.clone()).await);
        let tcp = done(DirectTcp::connect(ip.clone(), clock, random).await);
        Layers { ethernet, arp, ipv4, ipv6, ip, udp, tcp }
    }
}

/// Addresses with spaces between them.
fn read(addresses: &str) -> Told {
    let told = |address: &str| format!("--ipv{} {address}", if address.contains(':') { 6 } else { 4 });
    let told: Told = args(&addresses.split_whitespace().map(told).collect::<Vec<_>>().join(" "));
    assert!(told.ipv4.is_some() || told.ipv6.is_some(), "`{addresses}` is no address; `direct_dhcp` asks for one");
    told
}

fn done<T>(connected: Result<T, std::convert::Infallible>) -> T {
    let Ok(connected) = connected;
    connected
}
