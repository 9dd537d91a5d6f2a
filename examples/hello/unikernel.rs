//! Says hello, four times.
#![no_std]
#![forbid(unsafe_code)]

use core::time::Duration;

use mirage::{Console, Time};

/// Says hello once a second, then goodbye.
#[mirage::job]
pub async fn start(console: impl Console, time: impl Time) {
    for _ in 0..4 {
        console.log("hello").await;
        time.sleep(Duration::from_secs(1)).await;
    }
    console.log("goodbye").await;
}
