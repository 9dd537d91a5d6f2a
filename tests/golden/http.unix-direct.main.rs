// http for unix: Serve a page.
//
// Written by `mirage configure --target unix --net direct` from config.rs, which says what is plumbed here and why; a
// change made in this file is set aside the next time.

use mirage::args::{Boot, Group};
use mirage::plumbing::{Failure, arguments, device, job};
use mirage_unix::Platform;

// The devices: what each is on unix, applied to the devices it stands on.
type Logger1 = mirage_unix::Logger;
type Netif1 = mirage_unix::Tap;
type Clock1 = mirage_unix::Clock;
type Time1 = mirage_unix::Time;
type Spawn1 = mirage_unix::Spawner;
type Ethernet1 = mirage_net::Ethernet<Netif1, Clock1, Time1, Spawn1>;
type Random1 = mirage_unix::Random;
type Arp1 = mirage_net::Arp<Ethernet1, Clock1, Random1>;
type Ipv41 = mirage_net::Ipv4<Ethernet1, Arp1, Clock1, Random1>;
type Ipv61 = mirage_net::Ipv6<Ethernet1, Clock1, Random1>;
type Dual1 = mirage_net::Dual<Ipv41, Ipv61>;
type Udp1 = mirage_net::Udp<Dual1, Random1>;
type Tcp1 = mirage_net::Tcp<Dual1, Clock1, Random1>;
type Address1 = mirage_net::Auto<Ipv41, Udp1, Clock1, Time1, Random1, Spawn1>;
type StackDirect1 = mirage_net::Direct<Dual1, Udp1, Tcp1, Address1>;
type TcpOfStack1 = mirage::TcpOf<StackDirect1>;
type Time2 = mirage_unix::Time;
type Spawn2 = mirage_unix::Spawner;

// What is read from the command line.
type Netif1Args = mirage::args::Interface;
type Ipv61Args = mirage::args::Ipv6;
type Address1Args = mirage::args::AutoIpv4;
type Args1 = http::Options;

/// Every argument there is at boot, besides `--help`.
const ARGUMENTS: &[Group] = &[
    Group::new::<Boot>(Platform::BOOT),
    Group::new::<Netif1Args>("netif1"),
    Group::new::<Ipv61Args>("ipv61"),
    Group::new::<Address1Args>("address1"),
    Group::new::<Args1>("http::Options"),
];

/// Reads the arguments, connects the devices, each after those it stands on, and runs what they are for.
async fn start(platform: Platform) -> Result<(), Failure> {
    let netif1_args = arguments::<Netif1Args>("config.rs:4", platform.arguments("netif1"))?;
    let ipv61_args = arguments::<Ipv61Args>("config.rs:4", platform.arguments("ipv61"))?;
    let address1_args = arguments::<Address1Args>("config.rs:4", platform.arguments("address1"))?;
    let args1 = arguments::<Args1>("config.rs:8", platform.arguments("http::Options"))?;

    let _logger1 = device("logger1", "config.rs:6", Logger1::connect(&platform).await)?;
    let netif1 = device("netif1", "config.rs:4", Netif1::connect(&platform, netif1_args).await)?;
    let clock1 = device("clock1", "config.rs:4", Clock1::connect(&platform).await)?;
    let time1 = device("time1", "config.rs:4", Time1::connect(&platform).await)?;
    let spawn1 = device("spawn1", "config.rs:4", Spawn1::connect(&platform).await)?;
    let ethernet1 = device(
        "ethernet1",
        "config.rs:4",
        Ethernet1::connect(netif1, clock1.clone(), time1.clone(), spawn1.clone()).await,
    )?;
    let random1 = device("random1", "config.rs:4", Random1::connect(&platform).await)?;
    let arp1 = device("arp1", "config.rs:4", Arp1::connect(ethernet1.clone(), clock1.clone(), random1.clone()).await)?;
    let ipv41 =
        device("ipv41", "config.rs:4", Ipv41::connect(ethernet1.clone(), arp1, clock1.clone(), random1.clone()).await)?;
    let ipv61 =
        device("ipv61", "config.rs:4", Ipv61::connect(ethernet1, clock1.clone(), random1.clone(), ipv61_args).await)?;
    let dual1 = device("dual1", "config.rs:4", Dual1::connect(ipv41.clone(), ipv61).await)?;
    let udp1 = device("udp1", "config.rs:4", Udp1::connect(dual1.clone(), random1.clone()).await)?;
    let tcp1 = device("tcp1", "config.rs:4", Tcp1::connect(dual1.clone(), clock1.clone(), random1.clone()).await)?;
    let address1 = device(
        "address1",
        "config.rs:4",
        Address1::connect(ipv41, udp1.clone(), clock1, time1, random1, spawn1, address1_args).await,
    )?;
    let stack_direct1 =
        device("stack_direct1", "config.rs:4", StackDirect1::connect(dual1, udp1, tcp1, address1).await)?;
    let tcp_of_stack1 = device("tcp_of_stack1", "config.rs:8", TcpOfStack1::connect(stack_direct1).await)?;
    let time2 = device("time2", "config.rs:5", Time2::connect(&platform).await)?;
    let spawn2 = device("spawn2", "config.rs:5", Spawn2::connect(&platform).await)?;

    job("http::start", "config.rs:8", http::start(tcp_of_stack1, time2, spawn2, args1)).await
}

mirage_unix::main!("http", ARGUMENTS, start);
