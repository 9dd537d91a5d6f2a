//! Which devices there are.

use mirage_kvm::virtio::find::{Place, find, is_word};
use mirage_kvm::virtio::transport::pci;
use mirage_kvm::virtio::{Kind, Net};

use crate::fake::{Device, Fake, Function, SLOTS, VERSION_1};
use crate::link::{ALL, MAC};

fn device(kind: u32) -> Device {
    Device::new(kind, VERSION_1, &[8, 8], &[])
}

#[test]
fn slots_are_looked_into_from_the_last_on() {
    let machine = Fake::new();
    // As QEMU fills them; and those that are empty.
    machine.plug(SLOTS + 23 * 0x200, 47, &device(1));
    machine.plug(SLOTS + 22 * 0x200, 46, &device(4));
    machine.plug(SLOTS + 21 * 0x200, 45, &device(0));
    machine.plug(SLOTS, 24, &device(1));
    let found = find(&machine, "--port 80").expect("devices");
    let place = |slot: u64| Place::Mmio { address: SLOTS + slot * 0x200, length: 0x200, line: 24 + slot as u32 };
    let found: Vec<_> = found.iter().map(|found| (found.kind, found.place)).collect();
    assert_eq!(found, [(Kind::NETWORK, place(23)), (Kind::ENTROPY, place(22)), (Kind::NETWORK, place(0))]);
    machine.unplug();
}

/// Whoever names slots counts upwards.
#[test]
fn slots_that_were_chosen_count_from_the_first() {
    let machine = Fake::new();
    machine.plug(SLOTS, 24, &device(1));
    machine.plug(SLOTS + 0x200, 25, &device(4));
    let kinds = |line: &str| find(&machine, line).expect("devices").iter().map(|found| found.kind).collect::<Vec<_>>();
    assert_eq!(kinds(""), [Kind::NETWORK, Kind::ENTROPY]);
    // QEMU's words are of the last slot first, whoever filled them.
    let line = "virtio_mmio.device=512@0xfeb00200:25 virtio_mmio.device=512@0xfeb00000:24";
    assert_eq!(kinds(line), [Kind::NETWORK, Kind::ENTROPY]);
    machine.plug(SLOTS + 23 * 0x200, 47, &device(2));
    let line = format!("virtio_mmio.device=512@0xfeb02e00:47 {line}");
    assert_eq!(kinds(&line), [Kind::BLOCK, Kind::ENTROPY, Kind::NETWORK]);
    assert_eq!(kinds(""), [Kind::BLOCK, Kind::ENTROPY, Kind::NETWORK]);
    machine.unplug();
}

#[test]
fn the_command_line_says_where_devices_are() {
    let machine = Fake::new();
    machine.plug(0xd000_0000, 5, &device(1));
    machine.plug(0xd000_1000, 6, &device(4));
    machine.plug(SLOTS, 24, &device(2));
    let line = "--name x virtio_mmio.device=4K@0xd0001000:6 -- virtio_mmio.device=4K@0xd0000000:5:0";
    let found: Vec<_> = find(&machine, line).expect("devices").iter().map(|found| found.kind).collect();
    assert_eq!(found, [Kind::ENTROPY, Kind::NETWORK], "in its order, and nothing else");
    assert!(is_word("virtio_mmio.device=4K@0xd0000000:5") && !is_word("--port"));
    for (wrong, word) in [
        ("virtio_mmio.device=", "virtio_mmio.device="),
        ("a virtio_mmio.device=4K@0xd0000000:99 b", "virtio_mmio.device=4K@0xd0000000:99"),
        ("virtio_mmio.device=4K@0xd000000g:5", "virtio_mmio.device=4K@0xd000000g:5"),
    ] {
        let error = find(&machine, wrong).expect_err(wrong).to_string();
        let hint = "hint: it is `virtio_mmio.device=SIZE@ADDRESS:IRQ`, as in `virtio_mmio.device=4K@0xd0000000:5`";
        assert_eq!(error, format!("`{word}` names no device; {hint}"));
    }
    // Where there is nothing, there is no device; nor is there one in the machine's memory.
    assert_eq!(find(&machine, "virtio_mmio.device=512@0xe0000000:5"), Ok(vec![]));
    assert_eq!(find(&machine, "virtio_mmio.device=512@0x100000:5"), Ok(vec![]));
    machine.unplug();
}

/// A bridge to another bus.
fn bridge(place: (u8, u8, u8), behind: u8) -> Function {
    let mut bridge = Function::new(place, 0, 0xe000_0000, 0, &device(0));
    bridge.space[0..4].copy_from_slice(&0x0001_1b36_u32.to_le_bytes());
    bridge.space[0x0e] = 1;
    bridge.space[0x19] = behind;
    bridge
}

#[test]
fn the_bus_is_walked_behind_bridges_and_once() {
    let machine = Fake::new();
    let net = |place| Function::new(place, 1, 0xe100_0000, 11, &device(1));
    machine.plug_pci(bridge((0, 1, 0), 3));
    machine.plug_pci(net((0, 2, 0)));
    machine.plug_pci(net((3, 0, 0)));
    // Bridges that lead to where they are, and back.
    machine.plug_pci(bridge((3, 1, 0), 0));
    machine.plug_pci(bridge((3, 2, 0), 3));
    // Functions that are none of the first's, for it has no others; and others that are.
    machine.plug_pci(net((0, 2, 1)));
    let mut several = net((0, 4, 0));
    several.space[0x0e] = 0x80;
    machine.plug_pci(several);
    machine.plug_pci(net((0, 4, 6)));
    // One of before virtio 1.0 that has what came with it as well.
    let mut both = net((0, 5, 0));
    both.space[2..4].copy_from_slice(&0x1005_u16.to_le_bytes());
    both.space[0x2e] = 4;
    machine.plug_pci(both);
    let found = find(&machine, "").expect("devices");
    let places: Vec<_> = found
        .iter()
        .map(|found| match found.place {
            Place::Pci(pci::Function { bus, device, function }) => (found.kind.0, bus, device, function),
            Place::Mmio { .. } => panic!("{found:?}"),
        })
        .collect();
    assert_eq!(places, [(1, 0, 2, 0), (1, 0, 4, 0), (1, 0, 4, 6), (4, 0, 5, 0), (1, 3, 0, 0)]);
    machine.unplug();
}

/// A network device on the bus whose configuration space is changed: what becomes of it.
fn with(change: impl FnOnce(&mut [u8; 256])) -> Result<(), String> {
    let machine = Fake::new();
    let device = Device::new(1, ALL, &[256, 256], &MAC);
    let mut function = Function::new((0, 3, 0), 1, 0xe100_0000, 11, &device);
    change(&mut function.space);
    machine.plug_pci(function);
    let found = find(&machine, "").expect("devices")[0];
    let result = Net::connect(&machine, found, None).map(drop).map_err(|error| error.to_string());
    machine.unplug();
    result
}

#[test]
fn capabilities_that_make_no_sense_are_not_followed() {
    assert_eq!(with(|_| {}), Ok(()));
    let old = |result: Result<(), String>| assert!(result.expect_err("an error").contains("before virtio 1.0"));
    // No list; one that goes round in a circle, from the first or from the second on; one in the header.
    old(with(|space| space[6] = 0));
    old(with(|space| space[0x41] = 0x40));
    old(with(|space| space[0x51] = 0x40));
    old(with(|space| space[0x34] = 0x04));
    // Capabilities too short, or too near the end to be whole.
    old(with(|space| (0x40..0xa0).step_by(16).for_each(|at| space[at + 2] = 15)));
    old(with(|space| {
        space[0x34] = 0xf4;
        space[0xf4..0xf9].copy_from_slice(&[9, 0, 16, 1, 4]);
    }));
    // A structure in no range, or in that of a register there is not.
    old(with(|space| space[0x54] = 6));
    old(with(|space| space[0x54] = 255));
    old(with(|space| space[0x20..0x24].copy_from_slice(&[0x0c, 0, 0, 0])));
    let nowhere = |result: Result<(), String>, what: &str| {
        assert_eq!(
            result.expect_err("an error"),
            format!("virtio-net at PCI 00:03.0: its {what} registers are nowhere they can be used")
        );
    };
    // Too short; past the end of all addresses; in the machine's memory.
    nowhere(with(|space| space[0x5c] = 0x37), "common");
    nowhere(
        with(|space| space[0x20..0x28].copy_from_slice(&[0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
        "common",
    );
    nowhere(with(|space| space[0x20..0x28].copy_from_slice(&[0x0c, 0, 0x20, 0, 0, 0, 0, 0])), "common");
    nowhere(with(|space| space[0x9c..0xa0].copy_from_slice(&[1, 0, 0, 0])), "notification");
    // The place to tell the second queue of is past the end, or between two.
    nowhere(with(|space| space[0xa0..0xa4].copy_from_slice(&[0, 0x20, 0, 0])), "notification");
    nowhere(with(|space| space[0xa0..0xa4].copy_from_slice(&[0xff; 4])), "notification");
    nowhere(with(|space| space[0xa0..0xa4].copy_from_slice(&[1, 0, 0, 0])), "notification");
}
