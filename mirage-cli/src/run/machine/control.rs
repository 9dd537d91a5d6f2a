//! The word to a machine that it shall stop: a non-maskable interrupt, which images take for that on every machine, or in
//! Firecracker's, where there is none, Ctrl-Alt-Del.
//!
//! QEMU is told in QMP (its manual: QEMU Machine Protocol), the others in HTTP.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use camino::Utf8Path;
use serde_json::{Value, json};

use super::monitor::Monitor;
use super::supervise::Asked;
use crate::run::folder::Folder;

/// How often a socket is tried until the monitor listens there.
const TICK: Duration = Duration::from_millis(5);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What tells a monitor to stop its machine, once it runs.
pub struct Control {
    tell: Sender<()>,
    thread: JoinHandle<()>,
}

impl Control {
    /// What tells this monitor, which listens in `folder`; it says by `warn` when it could not.
    pub fn new(monitor: Monitor, folder: Folder, warn: impl Fn(&str) + Send + 'static) -> Self {
        let (tell, told) = channel();
        let thread = match monitor {
            Monitor::Qemu => thread::spawn(move || qemu(folder, &told, &warn)),
            // What Firecracker reads is in the folder too, which stays for as long as the thread does.
            Monitor::CloudHypervisor => thread::spawn(move || http(&folder, "Cloud Hypervisor", NMI, &told, &warn)),
            Monitor::Firecracker => thread::spawn(move || http(&folder, "Firecracker", KEYS, &told, &warn)),
        };
        Self { tell, thread }
    }
}

impl Asked for Control {
    fn stop(&self) {
        _ = self.tell.send(()); // nobody is there any more if it never came to listen
    }

    fn close(self) {
        drop(self.tell);
        _ = self.thread.join();
    }
}

/// Until the monitor has ended.
fn qemu(folder: Folder, told: &Receiver<()>, warn: &impl Fn(&str)) {
    let Some((stream, early)) = connect(&folder.socket(), told) else { return };
    // Who is connected needs no name: with it nothing is left even if we are killed.
    drop(folder);
    let mut line = Qmp::begin(stream);
    // That it cannot be told matters to those who want it told.
    for () in early.then_some(()).into_iter().chain(told) {
        let done = match &mut line {
            Ok(line) => line.execute("inject-nmi"),
            Err(error) => Err(error.kind().into()),
        };
        if let Err(error) = done {
            warn(&format!("QEMU did not tell its machine to stop: {error}"));
        }
    }
}

/// A connection as soon as there is somebody to listen, and whether we were told before; none if the monitor has ended.
fn connect(socket: &Utf8Path, told: &Receiver<()>) -> Option<(UnixStream, bool)> {
    let mut early = false;
    loop {
        if let Ok(stream) = UnixStream::connect(socket) {
            return Some((stream, early));
        }
        match told.recv_timeout(TICK) {
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) => early = true,
        }
    }
}

/// A conversation in QMP.
struct Qmp {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
}

impl Qmp {
    /// Past the greeting.
    fn begin(stream: UnixStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let lines = BufReader::new(stream.try_clone()?);
        let mut line = Self { stream, lines };
        line.read()?;
        line.execute("qmp_capabilities")?;
        Ok(line)
    }

    fn read(&mut self) -> io::Result<Value> {
        let mut line = String::new();
        if self.lines.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// Has a command executed; what comes in between is news.
    fn execute(&mut self, command: &str) -> io::Result<()> {
        writeln!(self.stream, "{}", json!({ "execute": command }))?;
        loop {
            let answer = self.read()?;
            if let Some(error) = answer.get("error") {
                return Err(io::Error::other(error["desc"].as_str().unwrap_or("no reason is given").to_owned()));
            }
            if answer.get("return").is_some() {
                return Ok(());
            }
        }
    }
}

/// A request of a monitor's API: where to, and what it is told.
type Request = (&'static str, &'static str);

/// Cloud Hypervisor's: versions that have no such interrupt have a power button.
const NMI: &[Request] = &[("/api/v1/vm.nmi", ""), ("/api/v1/vm.power-button", "")];

/// Firecracker's.
const KEYS: &[Request] = &[("/actions", "{\"action_type\":\"SendCtrlAltDel\"}")];

/// Makes the first of these requests that is not refused, each time.
fn http(folder: &Folder, name: &str, requests: &[Request], told: &Receiver<()>, warn: &impl Fn(&str)) {
    for () in told {
        let mut done = Ok(());
        for &request in requests {
            done = put(&folder.socket(), request);
            if done.is_ok() {
                break;
            }
        }
        if let Err(error) = done {
            warn(&format!("{name} did not tell its machine to stop: {error}"));
        }
    }
}

/// Makes a request, which is answered by nothing.
fn put(socket: &Utf8Path, (path, body): Request) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(stream, "PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    match &status {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', _, b' ', b'2', ..] => Ok(()),
        other => Err(io::Error::other(String::from_utf8_lossy(other).into_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::sync::mpsc::channel;

    use super::*;

    /// A monitor's end of a socket: says `greeting`, then answers each line as it is told; hands on what it was asked.
    fn monitor(
        folder: &Folder,
        greeting: &'static str,
        answers: &'static [&'static str],
    ) -> (Receiver<String>, JoinHandle<()>) {
        let listener = UnixListener::bind(folder.socket()).expect("a socket");
        let (tell, asked) = channel();
        let thread = thread::spawn(move || {
            let mut answers = answers.iter();
            while answers.len() > 0 {
                let (mut stream, _) = listener.accept().expect("somebody");
                stream.write_all(greeting.as_bytes()).expect("it reads");
                let lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
                for line in lines.map_while(Result::ok).filter(|line| !line.is_empty() && !line.contains(": ")) {
                    tell.send(line).expect("the test reads");
                    let Some(answer) = answers.next() else { break };
                    stream.write_all(answer.as_bytes()).expect("it reads");
                }
            }
        });
        (asked, thread)
    }

    #[test]
    fn qemu_is_told_and_what_it_refuses_is_heard() {
        let folder = Folder::new().expect("a folder");
        let path = folder.path().to_owned();
        let answers = &[
            "{\"return\":{}}\n",
            "{\"event\":\"NEWS\"}\n{\"return\":{}}\n",
            "{\"error\":{\"class\":\"GenericError\",\"desc\":\"no such thing\"}}\n",
        ];
        let (asked, thread) = monitor(&folder, "{\"QMP\":{}}\n", answers);
        let (warn, warned) = channel();
        let control = Control::new(Monitor::Qemu, folder, move |what| _ = warn.send(what.to_owned()));
        control.stop();
        control.stop();
        let inject = "{\"execute\":\"inject-nmi\"}";
        let heard: Vec<String> = asked.iter().take(3).collect();
        assert_eq!(heard, ["{\"execute\":\"qmp_capabilities\"}", inject, inject]);
        assert_eq!(warned.recv().expect("a word"), "QEMU did not tell its machine to stop: no such thing");
        control.close();
        thread.join().expect("its end");
        assert!(!path.exists(), "nothing is left");
    }

    #[test]
    fn a_monitor_that_ends_at_once_leaves_nothing() {
        for monitor in Monitor::ALL {
            let folder = Folder::new().expect("a folder");
            let path = folder.path().to_owned();
            Control::new(monitor, folder, |what| panic!("{what}")).close();
            assert!(!path.exists());
        }
    }

    #[test]
    fn firecracker_is_told_by_keys() {
        let folder = Folder::new().expect("a folder");
        let (asked, thread) = monitor(&folder, "", &["HTTP/1.1 204 No Content\r\n\r\n"]);
        let control = Control::new(Monitor::Firecracker, folder, |what| panic!("{what}"));
        control.stop();
        assert_eq!(asked.iter().next().as_deref(), Some("PUT /actions HTTP/1.1"));
        control.close();
        thread.join().expect("its end");
    }

    #[test]
    fn cloud_hypervisor_is_told_by_its_power_button_if_it_has_no_interrupt() {
        let folder = Folder::new().expect("a folder");
        let answers = &["HTTP/1.1 404 Not Found\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"];
        let (asked, thread) = monitor(&folder, "", answers);
        let control = Control::new(Monitor::CloudHypervisor, folder, |what| panic!("{what}"));
        control.stop();
        let heard: Vec<String> = asked.iter().take(2).collect();
        assert_eq!(heard, ["PUT /api/v1/vm.nmi HTTP/1.1", "PUT /api/v1/vm.power-button HTTP/1.1"]);
        control.close();
        thread.join().expect("its end");
    }
}
