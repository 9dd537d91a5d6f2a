// http for unix: Serve a page.
//
// Written by `mirage configure --target unix` from config.rs, which says what is plumbed here and why; a change made in
// this file is set aside the next time.

use mirage::args::{Boot, Group};
use mirage::plumbing::{Failure, arguments, device, job};
use mirage_unix::Platform;

// The devices: what each is on unix, applied to the devices it stands on.
type Logger1 = mirage_unix::Logger;
type StackSocket1 = mirage_unix::SocketStack;
type TcpOfStack1 = mirage::TcpOf<StackSocket1>;
type Time1 = mirage_unix::Time;
type Spawn1 = mirage_unix::Spawner;

// What is read from the command line.
type StackSocket1Args = mirage::args::Listen;
type Args1 = http::Options;

/// Every argument there is at boot, besides `--help`.
const ARGUMENTS: &[Group] = &[
    Group::new::<Boot>(Platform::BOOT),
    Group::new::<StackSocket1Args>("stack_socket1"),
    Group::new::<Args1>("http::Options"),
];

/// Reads the arguments, connects the devices, each after those it stands on, and runs what they are for.
async fn start(platform: Platform) -> Result<(), Failure> {
    let stack_socket1_args = arguments::<StackSocket1Args>("config.rs:4", platform.arguments("stack_socket1"))?;
    let args1 = arguments::<Args1>("config.rs:8", platform.arguments("http::Options"))?;

    let _logger1 = device("logger1", "config.rs:6", Logger1::connect(&platform).await)?;
    let stack_socket1 =
        device("stack_socket1", "config.rs:4", StackSocket1::connect(&platform, stack_socket1_args).await)?;
    let tcp_of_stack1 = device("tcp_of_stack1", "config.rs:8", TcpOfStack1::connect(stack_socket1).await)?;
    let time1 = device("time1", "config.rs:5", Time1::connect(&platform).await)?;
    let spawn1 = device("spawn1", "config.rs:5", Spawn1::connect(&platform).await)?;

    job("http::start", "config.rs:8", http::start(tcp_of_stack1, time1, spawn1, args1)).await
}

mirage_unix::main!("http", ARGUMENTS, start);
