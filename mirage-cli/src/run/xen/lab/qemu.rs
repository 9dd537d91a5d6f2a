//! The machine that Xen and its dom0 run in: QEMU's command line. Xen's own options are those of its
//! docs/misc/xen-command-line.

use camino::Utf8Path;

use super::files::Files;
use crate::run::machine::Monitor;

/// The memory of the whole machine, and dom0's share of it, in mebibytes.
pub const MEMORY: (u32, u32) = (512, 256);

/// An AMD processor, whose extension for virtualization QEMU can emulate, with what images ask for. Before its version
/// 9.1 QEMU emulates SMAP in a way that dom0 does not survive: there is none.
const PROCESSOR: &str = "qemu64,+svm,+npt,+rdrand,+ssse3,+sse4.1,+sse4.2,+popcnt";

/// A machine with Xen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// What boots.
    pub files: Files,
    /// The memory of its domains together, dom0 not counted, in mebibytes.
    pub memory: u32,
    /// Its network cards: the first is on dom0's bridge `xenbr0`, the second on `xenbr1`.
    pub cards: Vec<Card>,
}

/// A network within QEMU that a bridge of dom0's is on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// Its properties as QEMU's option has them, a comma before each.
    pub properties: String,
    /// The file that what goes through is recorded into.
    pub pcap: Option<String>,
}

/// The command. Its standard input and output are a socket each: a serial port on which dom0 is told what to do, and one
/// for a domain's console. What Xen and dom0 say themselves goes to `log`.
pub fn command(boot: &Boot, log: &Utf8Path) -> Vec<String> {
    let (whole, dom0) = MEMORY;
    // What Xen itself takes grows with what there is; beyond the usual it is a hundredth.
    let memory = whole.max(dom0 + 128 + boot.memory + boot.memory / 64);
    let mut words = vec![Monitor::Qemu.program().to_owned()];
    let mut add = |option: &str, value: &str| words.extend([option, value].map(str::to_owned));
    add("-machine", "q35,accel=tcg");
    add("-cpu", PROCESSOR);
    add("-m", &format!("{memory}M"));
    add("-display", "none");
    add("-serial", &format!("file:{log}"));
    add("-device", "virtio-serial-pci");
    for (number, name) in [(1, "control"), (2, "console")] {
        add("-chardev", &format!("socket,id={name},fd={}", number - 1));
        add("-device", &format!("virtserialport,chardev={name},nr={number}"));
    }
    for (index, Card { properties, pcap }) in boot.cards.iter().enumerate() {
        add("-netdev", &format!("user,id=net{index}{properties}"));
        add(
            "-device",
            &format!("virtio-net-pci,netdev=net{index},mac=52:54:00:12:34:{:02x},romfile=", 0x56 + index % 128),
        );
        if let Some(file) = pcap {
            add("-object", &format!("filter-dump,id=dump{index},netdev=net{index},file={}", file.replace(',', ",,")));
        }
    }
    add("-kernel", boot.files.xen().as_str());
    add("-append", &xen(dom0));
    add("-initrd", &format!("{} {LINUX},{}", boot.files.linux(), boot.files.dom0()));
    words.extend(["-nodefaults", "-no-user-config", "-no-reboot"].map(str::to_owned));
    words
}

/// What Xen is told.
fn xen(dom0: u32) -> String {
    format!(
        "console=com1 com1=115200,8n1 dom0_mem={dom0}M,max:{dom0}M dom0_max_vcpus=1 loglvl=warning guest_loglvl=all \
         bootscrub=off spec-ctrl=no"
    )
}

/// What dom0's kernel is told: to leave out what takes time here, and to end at once when it panics.
const LINUX: &str = "console=hvc0 quiet loglevel=4 panic=-1 mitigations=off apparmor=0 audit=0 cryptomgr.notests";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_have_their_memory_beside_dom0s() {
        let files = Files::own().expect("a home");
        let card = Card { properties: ",hostfwd=tcp:127.0.0.1:8080-:80".into(), pcap: Some("a,b".into()) };
        let boot = Boot { files, memory: 32, cards: vec![Card::default(), card] };
        let line = command(&boot, Utf8Path::new("/t/log")).join(" ");
        for part in [
            " -m 512M ",
            " -serial file:/t/log ",
            " -netdev user,id=net0 -device virtio-net-pci,netdev=net0,mac=52:54:00:12:34:56,romfile= ",
            " -netdev user,id=net1,hostfwd=tcp:127.0.0.1:8080-:80 ",
            " -object filter-dump,id=dump1,netdev=net1,file=a,,b ",
            "dom0_mem=256M,max:256M",
        ] {
            assert!(line.contains(part), "{part} in {line}");
        }
        let large = command(&Boot { memory: 1024, ..boot }, Utf8Path::new("/t/log"));
        assert!(large.contains(&"1424M".to_owned()), "{large:?}");
    }
}
