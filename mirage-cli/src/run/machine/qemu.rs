//! QEMU's command line. Its manual, qemu-system-x86_64(1), says what the options mean.

use camino::Utf8Path;

use super::accelerator::Accelerator;
use super::guest::{Card, Guest, Link};
use super::monitor::Monitor;
use super::options::{BoardKind, ConsoleKind};

/// The command that runs a machine; `control` is the socket on which QEMU is to listen for ours.
pub fn command(guest: &Guest, control: Option<&Utf8Path>) -> Vec<String> {
    let bus = guest.board.kind.bus();
    let mut words = vec![Monitor::Qemu.program().to_owned()];
    let mut add = |option: &str, value: &str| words.extend([option, value].map(str::to_owned));
    add("-machine", &guest.board.to_string());
    let (accelerator, cpu) = match guest.accelerator {
        // An image does not ask which mitigations it needs, and not every KVM lets a machine ask.
        Accelerator::Kvm => ("kvm", "host,arch-capabilities=off"),
        Accelerator::Tcg => ("tcg", "max"),
    };
    add("-accel", accelerator);
    add("-cpu", cpu);
    add("-m", &guest.memory.to_string());
    add("-display", "none");
    // What an image says before it has its other console is shown too.
    let serial = if guest.console == ConsoleKind::Virtio { "file:/dev/stdout" } else { "stdio" };
    add("-serial", serial);
    add("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04");
    if guest.board.kind == BoardKind::Microvm {
        // What virtio 1 says, not what was before it, is what other monitors have as well.
        add("-global", "virtio-mmio.force-legacy=off");
    }
    add("-device", &format!("virtio-rng-{bus}{}", place(guest.cards.len(), guest.board.kind)));
    if guest.console == ConsoleKind::Virtio {
        add("-chardev", "stdio,id=console");
        add("-device", &format!("virtio-serial-{bus}{}", place(guest.cards.len() + 1, guest.board.kind)));
        add("-device", "virtconsole,chardev=console");
    }
    for (index, card) in guest.cards.iter().enumerate() {
        let (netdev, device) = interface(index, card, guest.board.kind);
        add("-netdev", &netdev);
        add("-device", &device);
        if let Some(file) = &card.pcap {
            add("-object", &format!("filter-dump,id=dump{index},netdev=net{index},file={}", escaped(file)));
        }
    }
    if let Some(port) = guest.gdb {
        add("-gdb", &format!("tcp:127.0.0.1:{port}"));
    }
    if let Some(socket) = control {
        add("-qmp", &format!("unix:{},server=on,wait=off", escaped(socket.as_str())));
    }
    add("-kernel", guest.image.as_str());
    let line = guest.command_line(&[]);
    if !line.is_empty() {
        add("-append", &line);
    }
    words.extend(["-nodefaults", "-no-user-config", "-no-reboot"].map(str::to_owned));
    words.extend(guest.gdb.map(|_| "-S".to_owned()));
    words
}

/// A network interface: what it is connected to, and what the machine sees of it.
fn interface(index: usize, card: &Card, board: BoardKind) -> (String, String) {
    let netdev = match &card.link {
        Link::User(properties) => format!("user,id=net{index}{properties}"),
        Link::Tap(name) => {
            // Before its version 8, QEMU records the header for offloads as a part of the frames.
            let header = if card.pcap.is_some() { ",vnet_hdr=off" } else { "" };
            format!("tap,id=net{index},ifname={name},script=no,downscript=no,vhost=off{header}")
        }
    };
    // Nothing boots from the network, and not every distribution has the file that would.
    let rom = if board == BoardKind::Microvm { "" } else { ",romfile=" };
    let (mac, place) = (Guest::mac(index), place(index, board));
    (netdev, format!("virtio-net-{}{place},netdev=net{index},mac={mac}{rom}", board.bus()))
}

/// Where a device is, so that an image finds them in our order: by itself QEMU fills a microvm from the top. The first
/// place stays empty, for its interrupt arrives at another's: that of pin 0 of an interrupt controller QEMU hands to pin 2,
/// as the first controller of a PC has it, and a microvm's devices are on the second.
fn place(index: usize, board: BoardKind) -> String {
    match board {
        BoardKind::Microvm => format!(",bus=virtio-mmio-bus.{}", index + 1),
        BoardKind::Q35 | BoardKind::Pc => String::new(),
    }
}

/// A value in a list of properties.
fn escaped(value: &str) -> String {
    value.replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use super::super::guest::tests::example;
    use super::*;
    use crate::run::machine::Board;

    fn line(guest: &Guest) -> String {
        mirage::args::join(command(guest, None))
    }

    #[test]
    fn the_smallest_machine() {
        let guest = Guest { cards: vec![], arguments: vec![], ..example(Link::User(String::new())) };
        assert_eq!(
            line(&guest),
            "qemu-system-x86_64 -machine microvm -accel kvm -cpu host,arch-capabilities=off -m 32M -display none -serial stdio \
             -device isa-debug-exit,iobase=0xf4,iosize=0x04 -global virtio-mmio.force-legacy=off \
             -device virtio-rng-device,bus=virtio-mmio-bus.1 -kernel /p/dist/hello.kvm -nodefaults -no-user-config -no-reboot"
        );
    }

    #[test]
    fn a_pc_has_its_devices_on_pci() {
        for (board, name) in [("q35", "q35"), ("pc,acpi=off", "pc,acpi=off")] {
            let board: Board = board.parse().expect("a machine");
            let guest = Guest { board, accelerator: Accelerator::Tcg, ..example(Link::User(",net=x".into())) };
            let line = line(&guest);
            assert!(line.starts_with(&format!("qemu-system-x86_64 -machine {name} -accel tcg -cpu max ")), "{line}");
            for part in [
                " -device virtio-rng-pci ",
                " -netdev user,id=net0,net=x -device virtio-net-pci,netdev=net0,mac=52:54:00:12:34:56,romfile= ",
            ] {
                assert!(line.contains(part), "{part} in {line}");
            }
            assert!(!line.contains("mmio"), "{line}");
        }
    }

    #[test]
    fn a_console_of_virtios_is_the_terminals_and_what_the_serial_port_says_is_shown() {
        for (board, place) in [("microvm", "device,bus=virtio-mmio-bus.3"), ("q35", "pci")] {
            let board: Board = board.parse().expect("a machine");
            let guest = Guest { board, console: ConsoleKind::Virtio, ..example(Link::User(String::new())) };
            let line = line(&guest);
            let expected = format!(
                " -chardev stdio,id=console -device virtio-serial-{place} -device virtconsole,chardev=console "
            );
            assert!(line.contains(&expected) && line.contains(" -serial file:/dev/stdout "), "{line}");
        }
    }

    #[test]
    fn interfaces_keep_their_order_and_what_they_see_is_recorded() {
        let card =
            |name: &str, pcap: Option<&str>| Card { link: Link::Tap(name.into()), pcap: pcap.map(str::to_owned) };
        let cards = vec![card("tap0", None), card("tap1", Some("a,b.pcap"))];
        let line = line(&Guest { cards, ..example(Link::User(String::new())) });
        let expected = "-netdev tap,id=net0,ifname=tap0,script=no,downscript=no,vhost=off \
             -device virtio-net-device,bus=virtio-mmio-bus.1,netdev=net0,mac=52:54:00:12:34:56 \
             -netdev tap,id=net1,ifname=tap1,script=no,downscript=no,vhost=off,vnet_hdr=off \
             -device virtio-net-device,bus=virtio-mmio-bus.2,netdev=net1,mac=52:54:00:12:34:57 \
             -object filter-dump,id=dump1,netdev=net1,file=a,,b.pcap ";
        assert!(line.contains(expected), "{line}");
    }

    #[test]
    fn arguments_are_one_word_and_gdb_is_waited_for() {
        let guest = Guest { gdb: Some(1234), cards: vec![], ..example(Link::User(String::new())) };
        let words = command(&guest, Some(Utf8Path::new("/t/control")));
        let after = |option: &str| words.iter().skip_while(|word| *word != option).nth(1).map(String::as_str);
        assert_eq!(after("-append"), Some(r#"-- --greeting "good day" --ipv4=10.0.0.2/24"#));
        assert_eq!(after("-gdb"), Some("tcp:127.0.0.1:1234"));
        assert_eq!(after("-qmp"), Some("unix:/t/control,server=on,wait=off"));
        assert_eq!(words.last().map(String::as_str), Some("-S"));
    }
}
