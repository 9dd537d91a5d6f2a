//! One TCP stream to or from the `bulk` unikernel, as fast as it goes.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::ensure;

/// Where the server is, on every path.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

/// How much is handed over at once, in bytes.
const PIECE: usize = 256 * 1024;

/// When a stream has shown enough.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// After so many bytes.
    pub bytes: u64,
    /// After so long.
    pub time: Duration,
}

/// A connection to the server.
pub fn connect(port: u16) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&SocketAddr::from((ADDRESS, port)), Duration::from_secs(10))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    Ok(stream)
}

/// Waits until the server accepts.
pub fn wait(port: u16) -> anyhow::Result<()> {
    let patience = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect_timeout(&SocketAddr::from((ADDRESS, port)), Duration::from_millis(200)).is_err() {
        ensure!(Instant::now() < patience, "nobody listens on {ADDRESS}:{port}");
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Sends to the server; MB/s, until it has said that it has all.
pub fn send(bounds: Bounds) -> anyhow::Result<f64> {
    let mut stream = connect(9)?;
    let piece = vec![0; PIECE];
    let (start, mut sent) = (Instant::now(), 0);
    while sent < bounds.bytes && start.elapsed() < bounds.time {
        stream.write_all(&piece)?;
        sent += PIECE as u64;
    }
    stream.shutdown(Shutdown::Write)?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    ensure!(said.starts_with(&format!("{sent} ")), "of {sent} bytes it took {said}");
    Ok(sent as f64 / 1e6 / start.elapsed().as_secs_f64())
}

/// Has the server send; MB/s of what came.
pub fn receive(bounds: Bounds) -> anyhow::Result<f64> {
    let mut stream = connect(19)?;
    let mut piece = vec![0; PIECE];
    let start = Instant::now();
    writeln!(stream, "{}", bounds.bytes)?;
    let mut taken = 0;
    while taken < bounds.bytes && start.elapsed() < bounds.time {
        let left = bounds.time.saturating_sub(start.elapsed()).max(Duration::from_millis(1));
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => taken += length as u64,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let took = start.elapsed();
    ensure!(taken == bounds.bytes || took >= bounds.time, "only {taken} bytes came");
    Ok(taken as f64 / 1e6 / took.as_secs_f64())
}
