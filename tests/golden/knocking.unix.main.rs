// knocking for unix: Knock on the right ports, and be shown another site.
//
// Written by `mirage configure --target unix` from config.rs, which says what is plumbed here and why; a change made in
// this file is set aside the next time.

use mirage::args::{Boot, Group};
use mirage::plumbing::{Failure, arguments, device, job};
use mirage_unix::Platform;

// The devices: what each is on unix, applied to the devices it stands on.
type Logger1 = mirage_unix::Logger;
type Console1 = mirage_unix::Stdio;
type StackSocket1 = mirage_unix::SocketStack;
type Resolver1 = mirage_unix::Resolver;
type Time1 = mirage_unix::Time;
type Spawn1 = mirage_unix::Spawner;

// What is read from the command line.
type StackSocket1Args = mirage::args::Listen;
type Args1 = knocking::Options;

/// Every argument there is at boot, besides `--help`.
const ARGUMENTS: &[Group] = &[
    Group::new::<Boot>(Platform::BOOT),
    Group::new::<StackSocket1Args>("stack_socket1"),
    Group::new::<Args1>("knocking::Options"),
];

/// Reads the arguments, connects the devices, each after those it stands on, and runs what they are for.
async fn start(platform: Platform) -> Result<(), Failure> {
    let stack_socket1_args = arguments::<StackSocket1Args>("config.rs:5", platform.arguments("stack_socket1"))?;
    let args1 = arguments::<Args1>("config.rs:14", platform.arguments("knocking::Options"))?;

    let _logger1 = device("logger1", "config.rs:16", Logger1::connect(&platform).await)?;
    let console1 = device("console1", "config.rs:4", Console1::connect(&platform).await)?;
    let stack_socket1 =
        device("stack_socket1", "config.rs:5", StackSocket1::connect(&platform, stack_socket1_args).await)?;
    let resolver1 = device("resolver1", "config.rs:6", Resolver1::connect(&platform).await)?;
    let time1 = device("time1", "config.rs:7", Time1::connect(&platform).await)?;
    let spawn1 = device("spawn1", "config.rs:7", Spawn1::connect(&platform).await)?;

    job("knocking::start", "config.rs:8", knocking::start(console1, stack_socket1, resolver1, time1, spawn1, args1))
        .await
}

mirage_unix::main!("knocking", ARGUMENTS, start);
