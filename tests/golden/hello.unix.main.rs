// hello for unix: Say hello, four times.
//
// Written by `mirage configure --target unix` from config.rs, which says what is plumbed here and why; a change made in
// this file is set aside the next time.

use mirage::args::{Boot, Group};
use mirage::plumbing::{Failure, device, job};
use mirage_unix::Platform;

// The devices: what each is on unix, applied to the devices it stands on.
type Logger1 = mirage_unix::Logger;
type Console1 = mirage_unix::Stdio;
type Time1 = mirage_unix::Time;

/// Every argument there is at boot, besides `--help`.
const ARGUMENTS: &[Group] = &[Group::new::<Boot>(Platform::BOOT)];

/// Reads the arguments, connects the devices, each after those it stands on, and runs what they are for.
async fn start(platform: Platform) -> Result<(), Failure> {
    let _logger1 = device("logger1", "config.rs:5", Logger1::connect(&platform).await)?;
    let console1 = device("console1", "config.rs:4", Console1::connect(&platform).await)?;
    let time1 = device("time1", "config.rs:4", Time1::connect(&platform).await)?;

    job("hello::start", "config.rs:7", hello::start(console1, time1)).await
}

mirage_unix::main!("hello", ARGUMENTS, start);
