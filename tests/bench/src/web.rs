//! HTTP load, made by `wrk` on loopback.

use std::process::Command;

use anyhow::{Context as _, ensure};

/// How hard `wrk` presses, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Keep-alive connections, all at once.
    pub connections: u32,
    /// Seconds of pressing.
    pub seconds: u32,
}

/// Requests a second answered by `127.0.0.1:port`; any failed request is an error.
pub fn wrk(port: u16, load: Load) -> anyhow::Result<f64> {
    rate(Command::new("taskset"), &format!("http://127.0.0.1:{port}/"), load, &[])
}

/// Requests a second answered at an address, asked by `taskset`, wherever that runs, with more options for `wrk`.
pub fn rate(mut taskset: Command, address: &str, load: Load, more: &[&str]) -> anyhow::Result<f64> {
    taskset.args(["-c", "1", "wrk", "-t1", "--timeout", "20s"]);
    taskset.arg(format!("-c{}", load.connections)).arg(format!("-d{}s", load.seconds)).args(more).arg(address);
    let output = taskset.output().context("`wrk` and `taskset` are needed: apt-get install wrk util-linux")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{taskset:?} failed: {text}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(!text.contains("Socket errors") && !text.contains("Non-2xx"), "not every request was answered:\n{text}");
    let rate =
        text.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:")).context("wrk printed no rate")?;
    Ok(rate.trim().parse()?)
}
