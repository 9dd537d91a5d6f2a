//! Machines of QEMU's on a tap, timed from QEMU's start to the first byte of an answer.

use std::cell::Cell;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use mirage_e2e::Space;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// How often a connection is tried.
const TICK: Duration = Duration::from_millis(2);
/// The machine's hardware address, which its clients know beforehand.
const MAC: &str = "52:54:00:12:34:56";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: 10.0.0.2\r\n\r\n";

/// What a machine boots.
pub struct Guest {
    /// Whose it is.
    pub whose: &'static str,
    /// What QEMU gets as the kernel.
    pub kernel: PathBuf,
    /// What it gets beside it.
    pub system: Option<PathBuf>,
    /// What that is told.
    pub command_line: String,
}

/// A machine that runs until dropped.
pub struct Running {
    qemu: Child,
    /// Seconds from QEMU's start to the first byte.
    pub first_byte: f64,
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.qemu);
    }
}

fn end(qemu: &mut Child) {
    // It may have ended by itself; either way it is gone afterwards.
    let _ = qemu.kill();
    let _ = qemu.wait();
}

/// Prepares a namespace for machines.
pub fn prepare(space: &Space) {
    space.ip(&["neighbour", "replace", "10.0.0.2", "lladdr", MAC, "dev", Space::TAP, "nud", "permanent"]);
}

/// How many frames may wait for a machine: few as long as it boots, so that it need not answer what was sent long ago.
pub fn queue(space: &Space, frames: u32) {
    space.ip(&["link", "set", Space::TAP, "txqueuelen", &frames.to_string()]);
}

impl Guest {
    /// QEMU's command: the same machine for all, as `mirage run` makes it.
    fn qemu(&self, memory: &str, pinned: bool) -> Command {
        let mut command = if pinned { Command::new("taskset") } else { Command::new("qemu-system-x86_64") };
        if pinned {
            command.args(["-c", "0", "qemu-system-x86_64"]);
        }
        command.args(["-machine", "microvm", "-accel", "tcg", "-cpu", "max", "-m", memory, "-display", "none"]);
        command.args(["-serial", "stdio", "-global", "virtio-mmio.force-legacy=off"]);
        command.args(["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]);
        command.args(["-device", "virtio-rng-device,bus=virtio-mmio-bus.2"]);
        command.args(["-netdev", "tap,id=net0,ifname=tap0,script=no,downscript=no,vhost=off"]);
        command.arg("-device").arg(format!("virtio-net-device,bus=virtio-mmio-bus.1,netdev=net0,mac={MAC}"));
        command.arg("-kernel").arg(&self.kernel).args(["-append", &self.command_line]);
        if let Some(system) = &self.system {
            command.arg("-initrd").arg(system);
        }
        command.args(["-nodefaults", "-no-user-config", "-no-reboot"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Starts it and waits for the first byte of an answer; none if it ends before, or `patience` does.
    pub fn boot(
        &self,
        space: &Space,
        memory: &str,
        pinned: bool,
        patience: Duration,
    ) -> anyhow::Result<Option<Running>> {
        space.within(|| {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let mut command = self.qemu(memory, pinned);
            let start = Instant::now();
            let mut qemu = command.spawn().context("QEMU is needed: apt-get install qemu-system-x86")?;
            let first = LocalSet::new().block_on(&runtime, first_byte(&mut qemu, start, patience));
            match first {
                Some(first) => Ok(Some(Running { qemu, first_byte: (first - start).as_secs_f64() })),
                None => {
                    end(&mut qemu);
                    Ok(None)
                }
            }
        })
    }

    /// The same, when it must serve.
    pub fn start(&self, space: &Space, memory: &str, pinned: bool) -> anyhow::Result<Running> {
        let running = self.boot(space, memory, pinned, Duration::from_secs(30))?;
        running.with_context(|| format!("{} does not serve with {memory}", self.whose))
    }

    /// The least memory with which it serves, in KiB: a multiple of `step` between `low`, which is too little, and `high`.
    pub fn least(&self, space: &Space, (low, high): (u32, u32), step: u32, patience: Duration) -> anyhow::Result<u32> {
        let serves = |steps: u32| -> anyhow::Result<bool> {
            Ok(self.boot(space, &format!("{}K", steps * step), false, patience)?.is_some())
        };
        let (mut low, mut high) = (low / step, high / step);
        ensure!(serves(high)?, "{} does not serve with {} KiB", self.whose, high * step);
        while high - low > 1 {
            let middle = low.midpoint(high);
            if serves(middle)? { high = middle } else { low = middle }
        }
        Ok(high * step)
    }
}

/// When the first byte of an answer came. A connection is tried again and again, each beside all before it.
async fn first_byte(qemu: &mut Child, start: Instant, patience: Duration) -> Option<Instant> {
    let first = Rc::new(Cell::new(None));
    let mut ticks = tokio::time::interval(TICK);
    while first.get().is_none() && start.elapsed() < patience && matches!(qemu.try_wait(), Ok(None)) {
        ticks.tick().await;
        let first = Rc::clone(&first);
        tokio::task::spawn_local(async move {
            if let Ok(()) = answered().await {
                let now = Instant::now();
                first.set(Some(first.get().unwrap_or(now)));
            }
        });
    }
    first.get()
}

/// One connection, until a byte of the answer has come.
async fn answered() -> std::io::Result<()> {
    let stream = TcpStream::connect("10.0.0.2:80").await?;
    stream.writable().await?;
    // So few bytes go at once on a new connection.
    stream.try_write(REQUEST)?;
    loop {
        stream.readable().await?;
        match stream.try_read(&mut [0]) {
            Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            other => return other.map(drop),
        }
    }
}
