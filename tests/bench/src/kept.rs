//! HTTP load over connections that are there before anything is counted. QEMU's own network listens for one at a time: of a
//! hundred that are asked for at once, as `wrk` does, most are not made within seconds, whoever is behind it.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::Load;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest answer, in bytes.
const LONGEST: usize = 16 * 1024;

/// Requests/s on `127.0.0.1:port`, one after the other on each connection; one that is not answered is an error.
pub fn kept(port: u16, load: Load) -> anyhow::Result<f64> {
    Builder::new_current_thread().enable_all().build()?.block_on(press(port, load))
}

async fn press(port: u16, Load { connections, seconds }: Load) -> anyhow::Result<f64> {
    let mut ready = vec![];
    for _ in 0..connections {
        ready.push(Connection::open(port).await?);
    }
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds.into());
    let tasks: Vec<_> = ready.into_iter().map(|connection| tokio::spawn(connection.ask_until(end))).collect();
    let mut requests = 0;
    for task in tasks {
        requests += task.await??;
    }
    Ok(f64::from(requests) / start.elapsed().as_secs_f64())
}

/// A connection that has been answered once.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// The length of every answer, in bytes.
    length: usize,
}

impl Connection {
    async fn open(port: u16) -> anyhow::Result<Self> {
        let stream = timeout(PATIENCE, TcpStream::connect((Ipv4Addr::LOCALHOST, port))).await??;
        stream.set_nodelay(true)?;
        let mut connection = Self { stream, buffer: vec![0; LONGEST], length: 0 };
        connection.ask().await?;
        Ok(connection)
    }

    async fn ask_until(mut self, end: Instant) -> anyhow::Result<u32> {
        let mut requests = 0;
        while Instant::now() < end {
            self.ask().await?;
            requests += 1;
        }
        Ok(requests)
    }

    async fn ask(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(REQUEST).await?;
        timeout(PATIENCE, self.answer()).await.context("no answer")?
    }

    async fn answer(&mut self) -> anyhow::Result<()> {
        let mut read = 0;
        while self.length == 0 || read < self.length {
            let Some(room) = self.buffer.get_mut(read..).filter(|room| !room.is_empty()) else {
                bail!("an answer is longer than {LONGEST} bytes")
            };
            let count = self.stream.read(room).await?;
            ensure!(count > 0, "the server closes a connection that is to be kept");
            read += count;
            if self.length == 0 {
                self.length = length(self.buffer.get(..read).unwrap_or_default())?.unwrap_or_default();
            }
        }
        ensure!(read == self.length && self.buffer.starts_with(b"HTTP/1.1 200 "), "an answer is not as the first one");
        Ok(())
    }
}

/// How long the answer is that begins so; none while its head is not whole.
fn length(answer: &[u8]) -> anyhow::Result<Option<usize>> {
    let text = String::from_utf8_lossy(answer);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return Ok(None) };
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let (_, body) =
        lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length")).context("an answer without a length")?;
    Ok(Some(head.len() + 4 + body.trim().parse::<usize>()?))
}
