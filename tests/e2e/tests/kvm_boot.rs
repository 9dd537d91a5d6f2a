//! What a boot costs: guest instructions from the PVH entry on, counted one by one. They are the same at every run, as
//! QEMU counts time by them and throws the same dice.

use std::fs;

use mirage_e2e::{Ended, Machine, Project};

/// Says one line and ends: what its whole life takes is no less than what it takes to that line.
static BOOT: Machine = Machine::new(|| Project::fixture("boot"));

/// The instructions that were executed where the image is, up to the machine's end.
fn instructions(machine: &str, memory: &str) -> usize {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trace = folder.path().join("trace");
    let mut qemu = BOOT.qemu(machine, memory, &[]);
    qemu.args(["-icount", "shift=0,sleep=off", "-seed", "1"]);
    // A line an instruction; the firmware, which is somebody else's, is not where the image is.
    qemu.args(["-singlestep", "-d", "exec,nochain", "-dfilter", "0x100000+0x400000", "-D"]).arg(&trace);
    let ended = Ended::of(&mut qemu);
    assert_eq!((ended.status.as_ref(), ended.console.as_str()), (Ok(&0), "here\n"), "{ended:?}");
    let trace = fs::read_to_string(trace).expect("a trace");
    trace.lines().filter(|line| line.starts_with("Trace")).count()
}

#[test]
fn a_boot_takes_less_than_a_million_instructions() {
    for machine in ["microvm", "microvm,acpi=off", "q35", "pc"] {
        let count = instructions(machine, "64M");
        println!("{machine}: {count} instructions");
        assert!((1_000..1_000_000).contains(&count), "{machine}: {count}");
    }
}

#[test]
fn a_boot_costs_the_same_whatever_memory_there_is() {
    let (little, much) = (instructions("microvm", "64M"), instructions("microvm", "3G"));
    // Memory in two places instead of one takes a page table more; what is 48 times as much takes no more than that.
    assert!(much <= little + 2_000, "{little} instructions with 64 MiB, {much} with 3 GiB");
    assert_eq!(instructions("microvm", "64M"), little, "a count is not by chance");
}
