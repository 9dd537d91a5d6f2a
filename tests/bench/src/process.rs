//! Processes: timed, or kept running while something measures them.

use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

/// Runs a command that must succeed and returns the seconds it took; what it prints is thrown away.
pub fn timed(command: &mut Command) -> anyhow::Result<f64> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().with_context(|| format!("{command:?}"))?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(seconds)
}

/// A server that runs until dropped.
pub struct Server(Child);

impl Server {
    /// Starts a server, pinned to processor 0 where `taskset` allows it, and waits until it accepts on `port`.
    pub fn start(command: &Command, port: u16) -> anyhow::Result<Self> {
        let mut pinned = Command::new("taskset");
        pinned.args(["-c", "0"]).arg(command.get_program()).args(command.get_args());
        pinned.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = Self(pinned.spawn().with_context(|| format!("{command:?}"))?);
        let patience = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            ensure!(server.0.try_wait()?.is_none(), "{command:?} ended before it listened");
            ensure!(Instant::now() < patience, "{command:?} does not listen on {port}");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    /// Seconds of a processor its first thread, which serves, has used so far.
    pub fn used(&self) -> anyhow::Result<f64> {
        used(i32::try_from(self.0.id())?)
    }
}

/// Seconds of a processor the first thread of this process has used so far.
pub fn used(process: i32) -> anyhow::Result<f64> {
    let figures = std::fs::read_to_string(format!("/proc/{process}/schedstat"))?;
    let nanoseconds: f64 = figures.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds / 1e9)
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
