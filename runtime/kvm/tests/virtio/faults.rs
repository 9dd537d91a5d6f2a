//! A monitor that does what it may not: each is reported by name, and the device is given up.

use mirage::Network;
use mirage_kvm::virtio::Net;

use crate::fake::{Device, Fake, VERSION_1, poll};
use crate::link::{ALL, HAS_MAC, Link, MTU, Options, Way, frame, machine, only};

/// Writes into the used ring of a queue: its index, or an entry.
fn lie(link: &Link, queue: u16, index: u16, entry: Option<(u16, u32, u32)>) {
    let ([.., used], _) = link.device.queue(queue);
    let ram = link.machine.ram();
    if let Some((at, id, length)) = entry {
        ram.write(used + 4 + 8 * u64::from(at), &(u64::from(length) << 32 | u64::from(id)).to_le_bytes());
    }
    ram.write(used + 2, &index.to_le_bytes());
}

/// The driver finds out, whatever it does next.
fn assert_found_out(mut link: Link, queue: &str, what: &str) {
    let way = [Link::receive_error, Link::poll_error, Link::notify_error];
    let errors = way.map(|error| error(&mut link));
    let first = errors.iter().flatten().next().unwrap_or_else(|| panic!("nobody noticed: {what}")).clone();
    assert!(first.contains(what), "{first}");
    assert!(first.contains(queue), "{first}");
    assert!(first.starts_with("virtio-net at 0xfeb02e00: the monitor "), "{first}");
    assert!(link.device.is_given_up());
    assert!(link.device.kicks().iter().all(|&queue| queue == 0), "it is left alone");
    for error in way {
        assert_eq!(error(&mut link).as_ref(), Some(&first), "it stays as it is");
    }
    assert_eq!(link.send(&[0; 60]).expect_err("an error").to_string(), first);
}

impl Link {
    fn receive_error(&mut self) -> Option<String> {
        self.received().err().map(|error| error.to_string())
    }

    fn poll_error(&mut self) -> Option<String> {
        match poll(|context| self.net.poll_ready(context)).0 {
            std::task::Poll::Ready(Err(error)) => Some(error.to_string()),
            _ => None,
        }
    }

    fn notify_error(&mut self) -> Option<String> {
        self.net.notify().err().map(|error| error.to_string())
    }
}

#[test]
fn more_is_used_than_was_given() {
    let link = Link::new(Options::default());
    lie(&link, 0, 65, None);
    assert_found_out(link, "`receive`", "says that 65 buffers of queue");
    let link = Link::new(Options::default());
    lie(&link, 0, u16::MAX, None);
    assert_found_out(link, "`receive`", "says that 65535 buffers of queue");
    let mut link = Link::new(Options::default());
    assert!(link.send(&frame(0, 60)).expect("a device"));
    lie(&link, 1, 2, None);
    assert_found_out(link, "`transmit`", "says that 2 buffers of queue `transmit` are used, of 1 it was given");
}

#[test]
fn a_buffer_comes_back_that_was_not_given() {
    // One that is none, one of a number that is too long, one that is free.
    for id in [256, u32::MAX, 0x1_0000, 64] {
        let link = Link::new(Options::default());
        lie(&link, 0, 1, Some((0, id, 60)));
        assert_found_out(link, "`receive`", &format!("gives back buffer {id} of queue"));
    }
    let mut link = Link::new(Options::default());
    assert!(link.send(&frame(0, 60)).expect("a device"));
    lie(&link, 1, 1, Some((0, 3, 0)));
    assert_found_out(link, "`transmit`", "gives back buffer 3 of queue `transmit`");
}

#[test]
fn a_buffer_comes_back_twice() {
    let mut link = Link::new(Options::default());
    (0..2).for_each(|_| assert!(link.send(&frame(0, 60)).expect("a device")));
    let (head, _) = link.look().expect("a frame");
    link.device.push(&link.machine, 1, &[(head, 0), (head, 0)]);
    assert_found_out(link, "`transmit`", "gives back buffer");
}

#[test]
fn more_is_written_than_there_is_room_for() {
    let link = Link::new(Options::default());
    lie(&link, 0, 1, Some((0, 0, 2049)));
    assert_found_out(link, "`receive`", "wrote 2049 bytes into a buffer of queue `receive`, which has from 0 to 2048");
    let mut link = Link::new(Options::default());
    assert!(link.send(&frame(0, 60)).expect("a device"));
    let (head, _) = link.look().expect("a frame");
    link.device.push(&link.machine, 1, &[(head, 1)]);
    assert_found_out(link, "`transmit`", "wrote 1 bytes into a buffer of queue `transmit`");
}

#[test]
fn a_frame_is_shorter_than_its_header() {
    let link = Link::new(Options::default());
    let chain = link.device.pop(&link.machine, 0).expect("a buffer");
    link.device.push(&link.machine, 0, &[(chain.head, 11)]);
    assert_found_out(link, "`receive`", "wrote 11 bytes into a buffer of queue `receive`, which has from 12 to 2048");
}

#[test]
fn a_frame_is_over_no_buffers_or_over_more_than_there_are() {
    for pieces in [0_u16, 65, u16::MAX] {
        let link = Link::new(Options::default());
        let chain = link.device.pop(&link.machine, 0).expect("a buffer");
        link.machine.ram().write(chain.write[0].0 + 10, &pieces.to_le_bytes());
        link.device.push(&link.machine, 0, &[(chain.head, 100)]);
        assert_found_out(link, "`receive`", &format!("a frame is in {pieces} buffers of queue `receive`, of 64"));
    }
}

#[test]
fn a_frame_is_longer_than_any_can_be() {
    let mut link = Link::new(Options::default());
    assert!(link.arrive([0; 10], &[0; 65_569], usize::MAX));
    assert_found_out(link, "`receive`", "wrote 65581 bytes");
}

#[test]
fn a_device_fails() {
    for way in [Way::Mmio, Way::Messages, Way::Line] {
        let mut link = Link::new(Options { way, ..Options::default() });
        let (polled, woken) = poll(|context| link.net.poll_ready(context));
        assert!(polled.is_pending());
        link.device.need_reset();
        assert_eq!(woken(), 1, "{way:?}");
        let error = link.poll_error().expect("an error");
        assert!(error.ends_with("the monitor says that the device has failed"), "{error}");
        assert!(link.device.is_given_up());
    }
}

/// Its interrupt may be taken for one of a frame that came at the same time.
#[test]
fn a_device_fails_unnoticed_and_is_found_out_when_it_sends_nothing() {
    let mut link = Link::new(Options::default());
    let (polled, _) = poll(|context| link.net.poll_ready(context));
    assert!(polled.is_pending());
    assert!(link.arrive([0; 10], &frame(0, 60), usize::MAX));
    assert_eq!(link.received().expect("a frame").len(), 1);
    link.device.need_reset();
    let (polled, _) = poll(|context| link.net.poll_ready(context));
    assert!(polled.is_pending());
    while link.send(&frame(0, 1000)).expect("room") {}
    let error = (0..100).find_map(|_| link.send(&frame(0, 1000)).err()).expect("frame after frame is refused");
    assert!(error.to_string().ends_with("the monitor says that the device has failed"), "{error}");
}

/// What a device says that cannot be brought up.
fn refused(options: Options, prepare: impl FnOnce(&Fake, &Device)) -> String {
    let (machine, device) = machine(options);
    let found = only(&machine);
    prepare(&machine, &device);
    let error = Net::connect(&machine, found, None).err().expect("an error").to_string();
    assert!(!device.is_running());
    machine.unplug();
    error
}

#[test]
fn a_device_that_cannot_be_used_says_why() {
    let plain = Options::default();
    let old = refused(plain, |_, device| device.make_old());
    assert!(
        old.contains("before virtio 1.0; hint: QEMU is to be given `-global virtio-mmio.force-legacy=false`"),
        "{old}"
    );
    let old = refused(Options { features: ALL & !VERSION_1, ..plain }, |_, _| {});
    assert!(old.contains("before virtio 1.0"), "{old}");
    let refuses = refused(plain, |_, device| device.refuse_features());
    assert!(refuses.ends_with("the monitor refuses the features it offers"), "{refuses}");
    let stuck = refused(plain, |_, device| device.never_reset());
    assert!(stuck.ends_with("the monitor does not reset the device"), "{stuck}");
    let unsteady = refused(plain, |_, device| device.never_hold_still());
    assert!(unsteady.contains("faster than it can be read"), "{unsteady}");
    let no_queue = refused(Options { queue: 0, ..plain }, |_, _| {});
    assert!(no_queue.ends_with("the monitor gives it no queue `receive`"), "{no_queue}");
    let nameless = refused(Options { features: ALL & !HAS_MAC, ..plain }, |_, _| {});
    assert!(nameless.contains("no hardware address"), "{nameless}");
    let narrow = refused(Options { features: ALL | MTU, mtu: 67, ..plain }, |_, _| {});
    assert!(narrow.ends_with("at most 67 bytes; 68 are the least"), "{narrow}");
    for pages in [0, 1, 3, 33, 35, 39, 69] {
        let poor = refused(plain, |machine, _| machine.limit(pages, 0));
        assert!(poor.ends_with("there is no memory for its queues; hint: give the machine more"), "{pages}: {poor}");
    }
    let deaf = refused(Options { way: Way::Line, ..plain }, |machine, _| machine.silence());
    assert!(deaf.ends_with("no interrupt can be had for it"), "{deaf}");
}

/// With fewer interrupts than queues, some share; with none, there is the line.
#[test]
fn interrupts_are_shared_where_there_are_few() {
    for most in [0, 1, 2, 3] {
        let (machine, device) = machine(Options { way: Way::Messages, ..Options::default() });
        machine.limit_messages(most);
        let mut net = Net::connect(&machine, only(&machine), None).expect("an interface");
        let (polled, woken) = poll(|context| net.poll_ready(context));
        assert!(polled.is_pending());
        let chain = device.pop(&machine, 0).expect("a buffer");
        machine.ram().write(chain.write[0].0 + 10, &[1]);
        device.push(&machine, 0, &[(chain.head, 72)]);
        assert!(woken() >= 1, "{most}");
        assert!(poll(|context| net.poll_ready(context)).0.is_ready());
        drop(net);
        machine.unplug();
    }
}
