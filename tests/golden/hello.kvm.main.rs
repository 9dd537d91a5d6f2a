// hello for kvm: Say hello, four times.
//
// Written by `mirage configure --target kvm` from config.rs, which says what is plumbed here and why; a change made in
// this file is set aside the next time.

#![no_std]
#![no_main]

use mirage::args::{Boot, Group};
use mirage::plumbing::{Failure, device, job};
use mirage_kvm::Platform;

// The devices: what each is on kvm, applied to the devices it stands on.
type Logger1 = mirage_kvm::Logger;
type Console1 = mirage_kvm::Console;
type Time1 = mirage_kvm::Time;

/// Every argument there is at boot, besides `--help`.
const ARGUMENTS: &[Group] = &[Group::new::<Boot>(Platform::BOOT)];

/// Reads the arguments, connects the devices, each after those it stands on, and runs what they are for.
async fn start(platform: Platform) -> Result<(), Failure> {
    let _logger1 = device("logger1", "config.rs:5", Logger1::connect(&platform).await)?;
    let console1 = device("console1", "config.rs:4", Console1::connect(&platform).await)?;
    let time1 = device("time1", "config.rs:4", Time1::connect(&platform).await)?;

    job("hello::start", "config.rs:7", hello::start(console1, time1)).await
}

mirage_kvm::main!("hello", ARGUMENTS, start);
