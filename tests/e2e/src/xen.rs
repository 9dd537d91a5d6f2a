//! A real Xen with a Linux as its dom0, in QEMU: what `mirage run -t xen --lab` boots, driven by a test. One boot runs
//! many domains, one after the other or side by side.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mirage_cli::report::Reporter;
pub use mirage_cli::run::xen::lab::unpacked;
use mirage_cli::run::xen::lab::{Answer, Boot, Card, Files, Machine, Pending};

use crate::{have, root, skip, tool};

/// How long anything may take before a test gives it up: everything is emulated.
const PATIENCE: Duration = Duration::from_secs(300);

/// What domains of tests have together, in mebibytes.
const MEMORY: u32 = 160;

/// The address of dom0 on the bridge that domains are on, and the one that ports of this host lead to.
pub const DOM0: &str = "10.0.2.10";
/// The address that a domain is to have.
pub const GUEST: &str = "10.0.2.15";

/// Xen's dom0.
pub struct Dom0 {
    machine: Machine,
}

/// How a domain has ended.
#[derive(Debug)]
pub struct Death {
    /// Why, as xl tells: 0 by itself, 3 by a crash; none if it was destroyed, or never began.
    pub reason: Option<u32>,
    /// What it wrote to its console, without the line that says its status.
    pub console: String,
    /// The status that it said on its console last.
    pub status: Option<i32>,
    /// What xl has said.
    pub words: String,
}

impl Dom0 {
    /// Boots it; `ports` of this host lead to ports of the domain at [`GUEST`]. None and a line that says so where it
    /// cannot be had.
    pub fn boot(what: &str, ports: &[(u16, u16)]) -> Option<Self> {
        let ports: Vec<_> = ports.iter().map(|&(here, there)| (here, GUEST, there)).collect();
        Self::boot_for(what, MEMORY, &ports)
    }

    /// The same with so many mebibytes for all domains together, which have addresses of their own.
    pub fn boot_for(what: &str, memory: u32, ports: &[(u16, &str, u16)]) -> Option<Self> {
        let files = files(what)?;
        let forward =
            |(here, address, there): &(u16, &str, u16)| format!(",hostfwd=tcp:127.0.0.1:{here}-{address}:{there}");
        let card = Card { properties: ports.iter().map(forward).collect(), pcap: None };
        let machine = Machine::boot(&Boot { files, memory, cards: vec![card] }, tool()).expect("QEMU starts");
        let dom0 = Self { machine };
        dom0.run(&format!("ip address add {DOM0}/24 dev xenbr0"));
        Some(dom0)
    }

    /// Has dom0 do something, which must succeed; returns what that says.
    #[track_caller]
    pub fn run(&self, script: &str) -> String {
        let answer = self.answer(&self.machine.session().ask(script, b""));
        assert_eq!(answer.status, 0, "{script}: {}", answer.said);
        answer.said
    }

    /// Puts a file there.
    #[track_caller]
    pub fn put(&self, path: &str, bytes: &[u8]) {
        let answer = self.answer(&self.machine.session().ask(&format!("cat > {path}"), bytes));
        assert_eq!(answer.status, 0, "{path}: {}", answer.said);
    }

    /// Creates a domain of this name from an image. `config` is more of xl's configuration: `vif` and the like.
    #[track_caller]
    pub fn create(&self, name: &str, image: &Path, arguments: &[&str], config: &str) -> Domain<'_> {
        let kernel = format!("/lab/images/{name}");
        self.put(&kernel, &fs::read(image).unwrap_or_else(|error| panic!("{}: {error}", image.display())));
        let words = ["mirage.exit=console", "--"]
            .iter()
            .chain(arguments)
            .map(|word| word.replace('\\', "\\\\").replace('"', "\\\""));
        let line = words.collect::<Vec<_>>().join(" ");
        let config = format!(
            "name = \"{name}\"\ntype = \"pvh\"\nkernel = \"{kernel}\"\nmemory = 32\ncmdline = \"{line}\"\n\
             tsc_mode = \"native\"\non_poweroff = \"destroy\"\non_reboot = \"destroy\"\non_crash = \"destroy\"\n{config}\n"
        );
        self.put(&format!("{kernel}.xl"), config.as_bytes());
        self.start(name)
    }

    /// Creates a domain once more.
    pub fn start(&self, name: &str) -> Domain<'_> {
        let log = log(name);
        // Before anybody looks for what this one says.
        self.run(&format!("rm -f {log} /run/lab/ended-{name}"));
        // The console's daemon lets go of the log when it has seen the domain's end, and written all.
        let script = format!(
            "xl create -F /lab/images/{name}.xl; status=$?
            read -r daemon </run/xenconsoled.pid
            has() {{ for file in /proc/$daemon/fd/*; do [ ! $file -ef {log} ] || return 0; done; return 1; }}
            while has; do usleep 20000; done
            echo ended > /run/lab/ended-{name}; exit $status"
        );
        let pending = self.machine.session().ask(&script, b"");
        Domain { dom0: self, name: name.to_owned(), pending }
    }

    /// What Xen and dom0's kernel have said.
    pub fn log(&self) -> String {
        self.machine.log()
    }

    #[track_caller]
    fn answer(&self, pending: &Pending) -> Answer {
        match pending.wait_for(PATIENCE) {
            Ok(Some(answer)) => answer,
            Ok(None) => panic!("dom0 has ended: {}", self.log()),
            Err(_) => panic!("dom0 does not answer: {}", self.log()),
        }
    }
}

/// Whether there is a lab here, made if it was not; a line says why where it cannot be had.
pub fn has_lab(what: &str) -> bool {
    files(what).is_some()
}

fn files(what: &str) -> Option<Files> {
    if !have("qemu-system-x86_64") {
        skip(what, "wants QEMU (package qemu-system-x86)");
        return None;
    }
    match Files::make(&Reporter::silent()) {
        Ok(files) => Some(files),
        // All other errors are mistakes of the lab's.
        Err(error) if error.message.contains("fetched") || error.message.contains("made of Debian's") => {
            skip(what, &format!("the lab cannot be made: {error}: {}", error.detail.as_deref().unwrap_or_default()));
            None
        }
        Err(error) => panic!("{error:?}"),
    }
}

/// A domain.
pub struct Domain<'a> {
    dom0: &'a Dom0,
    name: String,
    pending: Pending,
}

impl Domain<'_> {
    /// Waits for some text on its console.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        let (log, name) = (log(&self.name), &self.name);
        let text = text.replace('\'', "'\\''");
        // By the shell alone: programs that start again and again would leave an emulated domain little time.
        let script = format!(
            "found() {{ case $before$line in *'{text}'*) exit 0;; esac; }}
            until [ -e {log} ]; do [ ! -e /run/lab/ended-{name} ] || exit 1; usleep 50000; done
            exec 4<{log}; ended=; before=
            while :; do
                while read -r line <&4; do found; before=; done
                found; before=$before$line
                [ -z \"$ended\" ] || exit 1
                [ ! -e /run/lab/ended-{name} ] || ended=yes
                usleep 50000
            done"
        );
        let answer = self.dom0.answer(&self.dom0.machine.session().ask(&script, b""));
        assert_eq!(answer.status, 0, "it ended without {text:?}: {}", self.console());
    }

    /// What it has written to its console by now.
    pub fn console(&self) -> String {
        self.dom0.run(&format!("cat {} 2>/dev/null; true", log(&self.name))).replace('\r', "")
    }

    /// Writes to its console.
    #[track_caller]
    pub fn write(&self, bytes: &[u8]) {
        let script = format!("cat > $(xenstore-read /local/domain/$(xl domid {})/console/tty)", self.name);
        let answer = self.dom0.answer(&self.dom0.machine.session().ask(&script, bytes));
        assert_eq!(answer.status, 0, "{}", answer.said);
    }

    /// Tells it to stop, as `xl shutdown` does.
    #[track_caller]
    pub fn shut_down(&self) {
        self.dom0.run(&format!("xl shutdown {}", self.name));
    }

    /// Ends it at once.
    #[track_caller]
    pub fn destroy(&self) {
        self.dom0.run(&format!("xl destroy {}", self.name));
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ended(self) -> Death {
        let words = self.dom0.answer(&self.pending).said;
        let reason = words.rsplit_once("has shut down, reason code ").map(|(_, rest)| rest);
        let reason = reason.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        let console = self.console();
        let (before, last) = console.trim_end().rsplit_once('\n').unwrap_or(("", console.trim_end()));
        match last.strip_prefix("mirage: status ").and_then(|status| status.parse().ok()) {
            Some(status) => Death { reason, console: format!("{before}\n"), status: Some(status), words },
            None => Death { reason, console, status: None, words },
        }
    }
}

fn log(name: &str) -> String {
    format!("/var/log/xen/guest-{name}.log")
}

/// The smallest guest there is, of `fixtures/pvh`: it says something, and ends as these of its macros tell.
pub fn smallest(into: &Path, say: &str, end: &str) -> PathBuf {
    let image = into.join("guest");
    let mut command = Command::new("cc");
    command.args(["-m32", "-static", "-nostdlib", "-nostartfiles"]);
    command
        .arg("-Wl,--section-start=.note.Xen=0x100000,-Ttext=0x100040,--build-id=none,-N,-e,start")
        .arg(format!("-DSAY={say:?}"));
    command.args(end.split_whitespace()).args(["-x", "assembler-with-cpp"]);
    command.arg(root().join("tests/e2e/fixtures/pvh/guest.S")).arg("-o").arg(&image);
    let output = command.output().expect("cc is there");
    assert!(output.status.success(), "it does not assemble: {}", String::from_utf8_lossy(&output.stderr));
    image
}
