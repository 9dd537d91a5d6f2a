//! The console.

use std::pin::pin;
use std::task::Poll;

use mirage::Console as _;
use mirage_kvm::virtio::find::find;
use mirage_kvm::virtio::{Console, Kind};

use crate::fake::{Device, EVENTS, Fake, SLOTS, VERSION_1, poll};

fn console() -> (Fake, Device, Console<Fake>) {
    let machine = Fake::new();
    let device = Device::new(3, VERSION_1 | EVENTS | 0b111, &[64, 64], &[0; 12]);
    machine.plug(SLOTS, 24, &device);
    let found = find(&machine, "").expect("devices")[0];
    assert_eq!(found.kind, Kind::CONSOLE);
    let console = Console::connect(&machine, found).expect("a console");
    assert!(!device.has(1 << 1), "a single port");
    assert_eq!(device.kicks(), [0], "it may be typed on");
    (machine, device, console)
}

/// What was written.
fn written(machine: &Fake, device: &Device) -> Vec<u8> {
    let Some(chain) = device.pop(machine, 1) else { return Vec::new() };
    let bytes = chain.read.iter().flat_map(|&(address, length)| machine.ram().read(address, length as usize));
    let bytes = bytes.collect();
    device.push(machine, 1, &[(chain.head, 0)]);
    bytes
}

/// Something is typed.
fn type_in(machine: &Fake, device: &Device, bytes: &[u8]) {
    let chain = device.pop(machine, 0).expect("a buffer");
    machine.ram().write(chain.write[0].0, bytes);
    device.push(machine, 0, &[(chain.head, bytes.len() as u32)]);
}

#[test]
fn lines_go_out_whole() {
    let (machine, device, console) = console();
    assert!(matches!(poll(|context| pin!(console.write(b"one\n")).poll(context)).0, Poll::Ready(Ok(()))));
    assert_eq!(device.kicks(), [1]);
    // The device has not taken it: whoever writes waits.
    let mut second = pin!(console.write(b"two\n"));
    let (polled, woken) = poll(|context| second.as_mut().poll(context));
    assert!(polled.is_pending());
    assert_eq!(written(&machine, &device), b"one\n");
    assert_eq!(woken(), 1);
    assert!(matches!(poll(|context| second.as_mut().poll(context)).0, Poll::Ready(Ok(()))));
    assert_eq!(written(&machine, &device), b"two\n");
    machine.unplug();
}

#[test]
fn much_goes_out_in_parts() {
    let (machine, device, console) = console();
    let text: Vec<u8> = (0..8000_u32).map(|at| at as u8).collect();
    let mut writing = pin!(console.write(&text));
    let mut out = Vec::new();
    while poll(|context| writing.as_mut().poll(context)).0.is_pending() {
        out.extend(written(&machine, &device));
    }
    out.extend(written(&machine, &device));
    assert_eq!(out, text);
    machine.unplug();
}

#[test]
fn what_is_typed_is_read_in_whatever_pieces() {
    let (machine, device, console) = console();
    let mut buffer = [0; 4];
    {
        let mut reading = pin!(console.read(&mut buffer));
        let (polled, woken) = poll(|context| reading.as_mut().poll(context));
        assert!(polled.is_pending());
        type_in(&machine, &device, b"typed");
        assert_eq!(woken(), 1);
        assert!(matches!(poll(|context| reading.as_mut().poll(context)).0, Poll::Ready(Ok(4))));
    }
    assert_eq!(&buffer, b"type");
    assert!(device.pop(&machine, 0).is_none(), "not before it is read");
    assert!(matches!(poll(|context| pin!(console.read(&mut buffer)).poll(context)).0, Poll::Ready(Ok(1))));
    assert_eq!(&buffer[..1], b"d");
    type_in(&machine, &device, b"!");
    assert!(matches!(poll(|context| pin!(console.read(&mut buffer)).poll(context)).0, Poll::Ready(Ok(1))));
    assert_eq!(&buffer[..1], b"!");
    machine.unplug();
}

#[test]
fn a_reader_and_a_writer_are_both_woken() {
    let (machine, device, console) = console();
    let mut buffer = [0; 4];
    assert!(poll(|context| pin!(console.write(b"one")).poll(context)).0.is_ready());
    let mut reading = pin!(console.read(&mut buffer));
    let mut writing = pin!(console.write(b"two"));
    let (polled, reader) = poll(|context| reading.as_mut().poll(context));
    assert!(polled.is_pending());
    let (polled, writer) = poll(|context| writing.as_mut().poll(context));
    assert!(polled.is_pending());
    assert_eq!(written(&machine, &device), b"one");
    assert_eq!((reader(), writer()), (1, 1));
    // Whichever is first acknowledges; the other looks all the same.
    let (polled, reader) = poll(|context| reading.as_mut().poll(context));
    assert!(polled.is_pending());
    assert!(matches!(poll(|context| writing.as_mut().poll(context)).0, Poll::Ready(Ok(()))));
    type_in(&machine, &device, b"x");
    assert_eq!(reader(), 1);
    assert!(matches!(poll(|context| reading.as_mut().poll(context)).0, Poll::Ready(Ok(1))));
    machine.unplug();
}

#[test]
fn a_console_that_breaks_the_rules_is_given_up() {
    let (machine, device, console) = console();
    let chain = device.pop(&machine, 0).expect("a buffer");
    device.push(&machine, 0, &[(chain.head, 1025)]);
    let mut buffer = [0; 4];
    let polled = poll(|context| pin!(console.read(&mut buffer)).poll(context)).0;
    let Poll::Ready(Err(error)) = polled else { panic!("no error") };
    assert!(error.to_string().contains("wrote 1025 bytes into a buffer of queue `input`"), "{error}");
    assert!(device.is_given_up());
    assert!(matches!(poll(|context| pin!(console.write(b"x")).poll(context)).0, Poll::Ready(Err(_))));
    machine.unplug();
}
