//! Unikernels that run while a test talks to them.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take before a test gives it up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running unikernel; ended when dropped.
pub struct Unikernel {
    process: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Unikernel {
    /// Starts an image.
    pub fn start(image: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(image);
        Self::spawn(command.args(arguments))
    }

    /// Starts a command that is one.
    pub fn spawn(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (tell, lines) = channel();
        let out: Box<dyn Read + Send> = Box::new(process.stdout.take().expect("a pipe"));
        let err: Box<dyn Read + Send> = Box::new(process.stderr.take().expect("a pipe"));
        for stream in [out, err] {
            let tell = tell.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if tell.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        Self { process, lines, seen: vec![] }
    }

    /// Waits for a line with this text in it.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no {text:?} in time, only {:?}", self.seen),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended without {text:?}, with {:?}", self.seen),
            }
        }
    }

    /// Every line so far that was waited past, and those that are there by now.
    pub fn lines(&mut self) -> &[String] {
        self.seen.extend(self.lines.try_iter());
        &self.seen
    }

    /// Its process number.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.process.id()).expect("a process number")
    }

    /// Asks it to end.
    pub fn signal(&self, signal: Signal) {
        let process = Pid::from_raw(self.pid()).expect("a process number");
        kill_process(process, signal).expect("a child of ours");
    }

    /// Waits for its end, and returns its status; 128 and the signal if it was ended by one.
    pub fn status(&mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt as _;
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().expect("a child of ours") {
                return status.code().or(status.signal().map(|signal| 128 + signal)).expect("an end");
            }
            assert!(Instant::now() < until, "it does not end: {:?}", self.lines());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Unikernel {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends bytes to a port of this host, ends the stream, and returns all that comes back.
pub fn send(port: u16, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(bytes)?;
    // Who has closed already needs no end.
    let _ = stream.shutdown(Shutdown::Write);
    let mut reply = vec![];
    match stream.read_to_end(&mut reply) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => Err(error),
        _ => Ok(reply),
    }
}

/// What `curl` gets with these arguments; its standard error if it fails.
pub fn get(arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("curl");
    command.args(["-sS", "--max-time", "60", "--noproxy", "*"]).args(arguments);
    let output = command.output().expect("curl is there: tests/run installs it");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
