//! What a boot costs: guest instructions from the PVH entry on, counted one by one. They are the same at every run, as
//! QEMU counts time by them and throws the same dice.

use std::fs;

use mirage_e2e::{Ended, Machine, Project};

/// Says one line and ends: what its whole life takes is no less than what it takes to that line.
static BOOT: Machine = Machine::new(|| Project::fixture("boot"));

/// The same once it has a network interface and our own stack over it.
static BOOT_NET: Machine = Machine::new(|| Project::fixture("boot-net"));

/// QEMU's machines, and the end of its names for the network interfaces they have.
const MACHINES: [(&str, &str); 4] =
    [("microvm", "device"), ("microvm,acpi=off", "device"), ("q35", "pci"), ("pc", "pci")];

/// The instructions that were executed where the image is, up to the machine's end.
fn instructions(image: &Machine, machine: &str, memory: &str, devices: &[&str], arguments: &[&str]) -> usize {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trace = folder.path().join("trace");
    let mut qemu = image.qemu(machine, memory, arguments);
    qemu.args(["-icount", "shift=0,sleep=off", "-seed", "1"]).args(devices);
    // A line an instruction; the firmware, which is somebody else's, is not where the image is.
    qemu.args(["-singlestep", "-d", "exec,nochain", "-dfilter", "0x100000+0x400000", "-D"]).arg(&trace);
    let ended = Ended::of(&mut qemu);
    assert!(ended.status == Ok(0) && ended.console.lines().last() == Some("here"), "{ended:?}");
    let trace = fs::read_to_string(trace).expect("a trace");
    trace.lines().filter(|line| line.starts_with("Trace")).count()
}

#[test]
fn a_boot_takes_less_than_a_million_instructions() {
    for (machine, _) in MACHINES {
        let count = instructions(&BOOT, machine, "64M", &[], &[]);
        println!("{machine}: {count} instructions");
        assert!((1_000..1_000_000).contains(&count), "{machine}: {count}");
    }
}

#[test]
fn a_boot_with_an_interface_takes_less_than_two_million_instructions() {
    for (machine, bus) in MACHINES {
        let interface = format!("virtio-net-{bus},netdev=net0");
        let devices = ["-global", "virtio-mmio.force-legacy=off", "-netdev", "user,id=net0", "-device", &interface];
        let count = instructions(&BOOT_NET, machine, "64M", &devices, &["--ipv4", "10.0.2.15/24"]);
        println!("{machine}: {count} instructions");
        assert!((1_000..2_000_000).contains(&count), "{machine}: {count}");
    }
}

#[test]
fn a_boot_costs_the_same_whatever_memory_there_is() {
    let [little, much, again] = ["64M", "3G", "64M"].map(|memory| instructions(&BOOT, "microvm", memory, &[], &[]));
    // Memory in two places instead of one takes a page table more; what is 48 times as much takes no more than that.
    assert!(much <= little + 2_000, "{little} instructions with 64 MiB, {much} with 3 GiB");
    assert_eq!(again, little, "a count is not by chance");
}
