// knocking for kvm: Knock on the right ports, and be shown another site.
//
// Written by `mirage configure --target kvm` from config.rs, which says what is plumbed here and why; a change made in
// this file is set aside the next time.

#![no_std]
#![no_main]

use mirage::args::{Boot, Group};
use mirage::plumbing::{Failure, arguments, device, job};
use mirage_kvm::Platform;

// The devices: what each is on kvm, applied to the devices it stands on.
type Logger1 = mirage_kvm::Logger;
type Console1 = mirage_kvm::Console;
type Netif1 = mirage_kvm::Net;
type Clock1 = mirage_kvm::Clock;
type Time1 = mirage_kvm::Time;
type Spawn1 = mirage_kvm::Spawner;
type Ethernet1 = mirage_net::Ethernet<Netif1, Clock1, Time1, Spawn1>;
type Random1 = mirage_kvm::Random;
type Arp1 = mirage_net::Arp<Ethernet1, Clock1, Random1>;
type Ipv41 = mirage_net::Ipv4<Ethernet1, Arp1, Clock1, Random1>;
type Ipv61 = mirage_net::Ipv6<Ethernet1, Clock1, Random1>;
type Dual1 = mirage_net::Dual<Ipv41, Ipv61>;
type Udp1 = mirage_net::Udp<Dual1, Random1>;
type Tcp1 = mirage_net::Tcp<Dual1, Clock1, Random1>;
type Address1 = mirage_net::Auto<Ipv41, Udp1, Clock1, Time1, Random1, Spawn1>;
type StackDirect1 = mirage_net::Direct<Dual1, Udp1, Tcp1, Address1>;
type ResolverDirect1 = mirage_net::Resolver<StackDirect1, Clock1, Time1, Random1>;
type Time2 = mirage_kvm::Time;
type Spawn2 = mirage_kvm::Spawner;

// What is read from the command line.
type Ipv61Args = mirage::args::Ipv6;
type Address1Args = mirage::args::AutoIpv4;
type Args1 = knocking::Options;

/// Every argument there is at boot, besides `--help`.
const ARGUMENTS: &[Group] = &[
    Group::new::<Boot>(Platform::BOOT),
    Group::new::<Ipv61Args>("ipv61"),
    Group::new::<Address1Args>("address1"),
    Group::new::<Args1>("knocking::Options"),
];

/// Reads the arguments, connects the devices, each after those it stands on, and runs what they are for.
async fn start(platform: Platform) -> Result<(), Failure> {
    let ipv61_args = arguments::<Ipv61Args>("config.rs:5", platform.arguments("ipv61"))?;
    let address1_args = arguments::<Address1Args>("config.rs:5", platform.arguments("address1"))?;
    let args1 = arguments::<Args1>("config.rs:14", platform.arguments("knocking::Options"))?;

    let _logger1 = device("logger1", "config.rs:16", Logger1::connect(&platform).await)?;
    let console1 = device("console1", "config.rs:4", Console1::connect(&platform).await)?;
    let netif1 = device("netif1", "config.rs:5", Netif1::connect(&platform).await)?;
    let clock1 = device("clock1", "config.rs:5", Clock1::connect(&platform).await)?;
    let time1 = device("time1", "config.rs:5", Time1::connect(&platform).await)?;
    let spawn1 = device("spawn1", "config.rs:5", Spawn1::connect(&platform).await)?;
    let ethernet1 = device(
        "ethernet1",
        "config.rs:5",
        Ethernet1::connect(netif1, clock1.clone(), time1.clone(), spawn1.clone()).await,
    )?;
    let random1 = device("random1", "config.rs:5", Random1::connect(&platform).await)?;
    let arp1 = device("arp1", "config.rs:5", Arp1::connect(ethernet1.clone(), clock1.clone(), random1.clone()).await)?;
    let ipv41 =
        device("ipv41", "config.rs:5", Ipv41::connect(ethernet1.clone(), arp1, clock1.clone(), random1.clone()).await)?;
    let ipv61 =
        device("ipv61", "config.rs:5", Ipv61::connect(ethernet1, clock1.clone(), random1.clone(), ipv61_args).await)?;
    let dual1 = device("dual1", "config.rs:5", Dual1::connect(ipv41.clone(), ipv61).await)?;
    let udp1 = device("udp1", "config.rs:5", Udp1::connect(dual1.clone(), random1.clone()).await)?;
    let tcp1 = device("tcp1", "config.rs:5", Tcp1::connect(dual1.clone(), clock1.clone(), random1.clone()).await)?;
    let address1 = device(
        "address1",
        "config.rs:5",
        Address1::connect(ipv41, udp1.clone(), clock1.clone(), time1.clone(), random1.clone(), spawn1, address1_args)
            .await,
    )?;
    let stack_direct1 =
        device("stack_direct1", "config.rs:5", StackDirect1::connect(dual1, udp1, tcp1, address1).await)?;
    let resolver_direct1 = device(
        "resolver_direct1",
        "config.rs:6",
        ResolverDirect1::connect(stack_direct1.clone(), clock1, time1, random1).await,
    )?;
    let time2 = device("time2", "config.rs:7", Time2::connect(&platform).await)?;
    let spawn2 = device("spawn2", "config.rs:7", Spawn2::connect(&platform).await)?;

    job(
        "knocking::start",
        "config.rs:8",
        knocking::start(console1, stack_direct1, resolver_direct1, time2, spawn2, args1),
    )
    .await
}

mirage_kvm::main!("knocking", ARGUMENTS, start);
