//! An image on the lab's Xen.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use camino::Utf8PathBuf;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::files::Files;
use super::machine::Machine;
use super::qemu::{Boot, Card, command};
use super::session::{Answer, Session};
use crate::error::{Error, Exit};
use crate::image::Image;
use crate::image::xl;
use crate::plan::Plan;
use crate::process;
use crate::report::Reporter;
use crate::run::console::Console;
use crate::run::machine::Monitor;
use crate::run::network::numbered;
use crate::run::start::Options;
use crate::run::steps::Steps;
use crate::run::streams::{hand_in, show};
use crate::run::xen::ended::Ended;
use crate::run::xen::prepare::{Prepared, prepare};
use crate::run::xen::{Lab, installed};

/// The domain's number: dom0 has just booted, and it is the first.
const DOMAIN: u32 = 1;
/// Where dom0 has the image.
const KERNEL: &str = "/lab/images/image";
/// How long dom0 has to end a domain it is told to destroy.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the image in a domain of the lab; returns the image's status.
///
/// # Errors
/// [`Exit::Usage`] when options do not go together; [`Exit::Unavailable`] when the lab cannot be had, or the domain ends
/// without a status; [`Exit::Interrupted`] when it was ended before it had stopped.
pub fn run(
    plan: &Plan,
    image: &Image,
    arguments: &[OsString],
    options: &Options,
    lab: &Lab,
    reporter: &Reporter,
) -> Result<u8, Error> {
    let prepared = prepare(plan, image, arguments, options)?;
    let program = Monitor::Qemu.program();
    if !installed(program) {
        return Err(Error::new(Exit::Unavailable, format!("`{program}` is not installed: the lab runs in it"))
            .hint("`mirage doctor -t xen` says the command that installs it"));
    }
    options.machine.publish.iter().try_for_each(|publish| publish.check())?;
    let files = files(lab, Files::make, reporter)?;
    let boot = boot(files, &prepared, options)?;
    let domain = domain(plan, &prepared, KERNEL.to_owned());
    process::check()?;
    process::outlive_interrupts();
    // Before it starts, so that no signal is missed.
    let failed = |error| Error::new(Exit::Unavailable, format!("signals cannot be waited for: {error}"));
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(failed)?;
    let step = reporter.step("Booting", "Xen and a Linux as its dom0, in QEMU, which emulates them");
    let mut machine = Machine::boot(&boot, Path::new("/proc/self/exe"))?;
    let (tell, events) = channel();
    let handle = signals.handle();
    let signalled = tell.clone();
    thread::spawn(move || signals.forever().try_for_each(|_| signalled.send(Event::Signal)));
    let bytes = std::fs::read(&image.file)
        .map_err(|error| Error::new(Exit::Unavailable, format!("`{}` cannot be read: {error}", image.file)))?;
    let session = machine.session().clone();
    let creates = domain.clone();
    thread::spawn(move || create(&session, &bytes, &creates, &tell));
    let debug = image.debug.clone();
    let console = machine.console().map(|from| thread::spawn(move || show(from, Console::of_image(true, debug))));
    let mut waiting = Waiting { session: machine.session().clone(), signals: 0, reporter: *reporter };
    let mut step = Some(step);
    let (mut up, mut answer) = (false, None);
    loop {
        let event = match waiting.signals {
            0 | 1 => events.recv().ok(),
            _ => events.recv_timeout(GRACE).ok(),
        };
        match event {
            Some(Event::Up) => {
                up = true;
                if let Some(step) = step.take() {
                    step.done();
                }
                tell_published(options, reporter);
                let session = machine.session().clone();
                // It ends with us: nothing wakes it from waiting for what may never come.
                thread::spawn(move || hand_in(Typist(session)));
            }
            Some(Event::Ended(ended)) => {
                answer = ended;
                break;
            }
            // There is nothing to stop yet, or it does not stop.
            Some(Event::Signal) if !up || waiting.signals > 1 => break,
            Some(Event::Signal) => waiting.stop(),
            None => break,
        }
    }
    handle.close();
    let interrupted = answer.is_none() && (waiting.signals > 1 || (!up && process::check().is_err()));
    let (log, words) = (machine.log(), machine.end());
    let said = console.and_then(|thread| thread.join().ok()).flatten();
    match answer {
        Some(answer) => Ended { said, words: answer.said, by_us: waiting.signals > 1, log }.status(),
        None if interrupted || waiting.signals > 0 => {
            Err(Error::new(Exit::Interrupted, "ended before the unikernel had stopped"))
        }
        None => Err(Error::new(Exit::Unavailable, "Xen or its dom0 ended in QEMU").detail(tail(&(log + &words)))),
    }
}

/// What [`run`] would do.
///
/// # Errors
/// As there.
pub fn dry_run(
    plan: &Plan,
    image: &Image,
    arguments: &[OsString],
    options: &Options,
    lab: &Lab,
    reporter: &Reporter,
) -> Result<Steps, Error> {
    let prepared = prepare(plan, image, arguments, options)?;
    let files = files(lab, |_| Files::own(), reporter)?;
    if !files.are_made() {
        reporter.note("the lab is not made yet: that fetches packages of Debian's, about 120 MB");
    }
    let boot = boot(files, &prepared, options)?;
    let domain = domain(plan, &prepared, KERNEL.to_owned());
    let file = Some((format!("{}.xl", plan.name), domain.to_string()));
    let mut words = command(&boot, &Utf8PathBuf::from("xen.log"));
    // Its standard input and output are ours else, and no sockets.
    for word in &mut words {
        for (fd, name) in [("socket,id=control,fd=0", "control"), ("socket,id=console,fd=1", "console")] {
            if word == fd {
                *word = format!("socket,id={name},path={name},server=on,wait=off");
            }
        }
    }
    Ok(Steps { file, command: words, ..Steps::default() })
}

/// What happens while a domain is waited for.
enum Event {
    /// Dom0 is there, and the domain is being created.
    Up,
    /// A signal came.
    Signal,
    /// The domain has ended, as xl tells; none if dom0 has.
    Ended(Option<Answer>),
}

/// Creates the domain, and waits for its end.
fn create(session: &Session, image: &[u8], domain: &xl::Domain, tell: &Sender<Event>) {
    let ended = || {
        session.ask("", b"").wait()?;
        _ = tell.send(Event::Up);
        for (file, bytes) in [(KERNEL, image), ("/lab/images/image.xl", domain.to_string().as_bytes())] {
            let put = session.ask(&format!("cat > {file}"), bytes).wait()?;
            if put.status != 0 {
                return Some(put);
            }
        }
        session.ask(&creating(&domain.name), b"").wait()
    };
    // Whoever has left needs no news.
    _ = tell.send(Event::Ended(ended()));
}

/// The script that creates a domain and waits for its end, and until the last that it wrote is through.
fn creating(name: &str) -> String {
    format!(
        "ln -sf /dev/vport0p2 /var/log/xen/guest-{name}.log
        xl create -F /lab/images/image.xl
        status=$?
        while ls -l /proc/$(cat /run/xenconsoled.pid)/fd | grep -q vport0p2; do usleep 10000; done
        exit $status"
    )
}

/// What is told to dom0 when signals come.
struct Waiting {
    session: Session,
    signals: u32,
    reporter: Reporter,
}

impl Waiting {
    fn stop(&mut self) {
        self.signals += 1;
        let how = if self.signals > 1 { "destroy" } else { "shutdown" };
        let pending = self.session.ask(&format!("xl {how} {DOMAIN}"), b"");
        let reporter = self.reporter;
        thread::spawn(move || {
            let Some(answer) = pending.wait().filter(|answer| answer.status != 0) else { return };
            reporter.warn(&format!("`xl {how}` failed: {}", answer.said.trim_end()));
        });
    }
}

/// Hands what is written to the domain's console, a piece at a time.
struct Typist(Session);

impl Write for Typist {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let script = format!(
            "until tty=$(xenstore-read /local/domain/{DOMAIN}/console/tty 2>/dev/null) && [ -n \"$tty\" ]
            do usleep 20000
            done
            cat > \"$tty\""
        );
        match self.0.ask(&script, bytes).wait() {
            Some(_) => Ok(bytes.len()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lab's files: those of the user's choice, or their own.
fn files(lab: &Lab, own: impl Fn(&Reporter) -> Result<Files, Error>, reporter: &Reporter) -> Result<Files, Error> {
    match lab {
        Lab::Folder(folder) => Files::given(folder),
        Lab::Own => own(reporter),
    }
}

/// The machine for a domain.
fn boot(files: Files, prepared: &Prepared, options: &Options) -> Result<Boot, Error> {
    let pcap = |index| match &options.pcap {
        Some(file) => {
            let name = numbered(file, index).into_string();
            name.map(Some).map_err(|_| Error::new(Exit::Usage, "a file's name is not UTF-8, and QEMU's must be"))
        }
        None => Ok(None),
    };
    let cards = prepared.networks.iter().enumerate();
    let cards = cards.map(|(index, properties)| Ok(Card { properties: properties.clone(), pcap: pcap(index)? }));
    Ok(Boot { files, memory: prepared.memory.mebibytes(), cards: cards.collect::<Result<_, Error>>()? })
}

/// The domain, its network cards on the bridges of dom0.
fn domain(plan: &Plan, prepared: &Prepared, kernel: String) -> xl::Domain {
    let card = |index| {
        let mac = Some(format!("00:16:3e:00:00:{:02x}", (index + 1) & 0xff));
        xl::Card { mac, bridge: Some(format!("xenbr{index}")) }
    };
    xl::Domain {
        name: plan.name.clone(),
        kernel,
        memory: prepared.memory,
        cards: (0..prepared.networks.len()).map(card).collect(),
        arguments: prepared.arguments.clone(),
        says_status: true,
    }
}

fn tell_published(options: &Options, reporter: &Reporter) {
    for publish in &options.machine.publish {
        reporter.done("Published", &format!("{} is the unikernel's port {}", publish.host, publish.guest));
    }
}

/// The last lines of what was said.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}
