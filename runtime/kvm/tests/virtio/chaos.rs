//! What holds whatever a monitor does; shared by the property tests, the replay of the corpus and the fuzz targets.

use std::collections::VecDeque;
use std::pin::pin;
use std::task::Poll;

use mirage::{Console as _, Network};
use mirage_kvm::virtio::find::find;
use mirage_kvm::virtio::net::FRAME_MOST;
use mirage_kvm::virtio::{Console, Error, Kind, Net, Rng};

use crate::fake::{Device, EVENTS, Fake, Function, INDIRECT, SLOTS, poll};
use crate::link::{ALL, Link, MAC, MERGEABLE, Options, SEGMENTS, Way, frame};

/// Bytes, one after the other; zeros when there are no more.
pub struct Script<'s>(pub &'s [u8]);

impl Script<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn word(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many frames came, and went, as they should.
    pub received: usize,
    pub sent: usize,
    /// Whether the driver found the monitor out.
    pub found_out: bool,
}

/// Steps that a script says: of a driver, and of a device that keeps to the rules until it is told not to. Until then,
/// every frame that comes out at one end went in at the other, each once and in order; from then on nothing happens that
/// should not, and once a device is given up it stays so.
pub fn traffic(bytes: &[u8]) -> Outcome {
    let mut script = Script(bytes);
    let mut run = Run::new(&mut script);
    while !script.0.is_empty() && !run.outcome.found_out {
        let step = script.byte();
        if let Err(error) = run.step(step, &mut script) {
            run.found_out(error);
        }
    }
    run.outcome
}

struct Run {
    link: Link,
    outcome: Outcome,
    /// Frames on their way, each way.
    coming: VecDeque<Vec<u8>>,
    going: VecDeque<Vec<u8>>,
    number: usize,
    /// Whether the device has broken a rule.
    lied: bool,
}

impl Run {
    fn new(script: &mut Script<'_>) -> Self {
        let flags = script.byte();
        let without = [EVENTS, INDIRECT, MERGEABLE, SEGMENTS];
        let features = without.iter().enumerate().fold(ALL, |features, (bit, without)| match flags >> bit & 1 {
            0 => features,
            _ => features & !without,
        });
        let way = [Way::Mmio, Way::Messages, Way::Line, Way::Mmio][usize::from(flags >> 4 & 3)];
        let queue = [256, 64, 8, 1][usize::from(flags >> 6)];
        let spare = usize::from(script.byte());
        let link = Link::new(Options { features, way, queue, spare, ..Options::default() });
        let (outcome, coming, going) = Default::default();
        Self { link, outcome, coming, going, number: 0, lied: false }
    }

    fn length(&self, script: &mut Script<'_>, is_long: bool) -> usize {
        let length = 14 + usize::from(script.word());
        if is_long { length } else { 14 + length % 1500 }
    }

    fn step(&mut self, step: u8, script: &mut Script<'_>) -> Result<(), Error> {
        match step % 16 {
            0..3 => {
                let length = self.length(script, self.link.device.has(MERGEABLE));
                let is_full = step & 16 == 0 || !self.link.device.has(MERGEABLE);
                let fill = if is_full { usize::MAX } else { 1024 };
                self.arrive(length, fill);
            }
            3 | 4 => self.receive(1 + usize::from(step >> 4))?,
            5..8 => {
                let length = self.length(script, self.link.net.offloads().segment_v4);
                self.send(length)?;
            }
            8 => self.link.net.notify()?,
            9 => self.take(1 + usize::from(step >> 4)),
            10 => self.sleep()?,
            // From here on it breaks the rules.
            11 => self.scribble(u16::from(step >> 4 & 1), 2, script),
            12 => self.scribble(u16::from(step >> 4 & 1), step >> 5 & 1, script),
            13 => self.jump(u16::from(step >> 4 & 1), script),
            14 => self.change_frame(script),
            _ if step >> 4 == 0 => {
                self.lied = true;
                self.link.device.need_reset();
            }
            _ => self.link.device.raise(Some(u16::from(step >> 4 & 1))),
        }
        Ok(())
    }

    fn arrive(&mut self, length: usize, fill: usize) {
        // What a device would find in memory that was scribbled on is no matter of the driver's.
        if self.lied {
            return;
        }
        self.number += 1;
        let frame = frame(self.number, length.min(FRAME_MOST));
        if self.link.arrive([0; 10], &frame, fill) {
            self.coming.push_back(frame);
        }
    }

    fn receive(&mut self, most: usize) -> Result<(), Error> {
        let (coming, lied, received) = (&mut self.coming, self.lied, &mut self.outcome.received);
        let mut count = 0;
        let said = self.link.net.receive(most, &mut |frame, _| {
            count += 1;
            assert!(frame.len() <= FRAME_MOST);
            if !lied {
                assert_eq!(coming.pop_front().as_deref(), Some(&*frame), "a frame that did not come");
                *received += 1;
            }
        })?;
        assert!(said == count && count <= most);
        Ok(())
    }

    fn send(&mut self, length: usize) -> Result<(), Error> {
        self.number += 1;
        let frame = frame(self.number, length.min(FRAME_MOST));
        let half = frame.len() / 2;
        if self.link.net.send(&[&frame[..half], &frame[half..]], Default::default())? {
            self.going.push_back(frame);
        }
        Ok(())
    }

    fn take(&mut self, most: usize) {
        for _ in 0..most {
            if self.lied {
                return;
            }
            let Some((head, frame)) = self.link.look() else { return };
            let expected = self.going.pop_front();
            assert_eq!(Some(&frame[12..]), expected.as_deref(), "a frame that was not sent");
            self.link.device.push(&self.link.machine, 1, &[(head, 0)]);
            self.outcome.sent += 1;
        }
    }

    /// Whoever has nothing to do sleeps, and is woken when there is something.
    fn sleep(&mut self) -> Result<(), Error> {
        let (polled, woken) = poll(|context| self.link.net.poll_ready(context));
        match polled {
            Poll::Ready(ready) => ready,
            // A step with interrupts for nothing wakes itself.
            Poll::Pending if self.lied || woken() > 0 => Ok(()),
            Poll::Pending => {
                assert!(self.coming.is_empty(), "there are frames, and it sleeps");
                self.arrive(60, usize::MAX);
                assert!(self.coming.is_empty() || woken() > 0, "it is not woken");
                Ok(())
            }
        }
    }

    /// Writes anything into a part of a queue: descriptors, available ring, used ring.
    fn scribble(&mut self, queue: u16, part: u8, script: &mut Script<'_>) {
        self.lied = true;
        let (addresses, size) = self.link.device.queue(queue);
        let length = [16, 2, 8][usize::from(part)] * usize::from(size) + if part == 0 { 0 } else { 6 };
        if size == 0 {
            return;
        }
        let at = usize::from(script.word()) % length;
        let bytes: Vec<u8> = (0..length.min(at + 8) - at).map(|_| script.byte()).collect();
        self.link.machine.ram().write(addresses[usize::from(part)] + at as u64, &bytes);
    }

    /// Says that some are used, plausibly or not.
    fn jump(&mut self, queue: u16, script: &mut Script<'_>) {
        self.lied = true;
        let ([.., used], size) = self.link.device.queue(queue);
        if size == 0 {
            return;
        }
        let ram = self.link.machine.ram();
        let by = u16::from(script.byte() % 5);
        let index = ram.read16(used + 2);
        for at in 0..by {
            let entry = u64::from(index.wrapping_add(at) % size);
            let (id, length) = (u32::from(script.byte()), u32::from(script.word()) % 2100);
            ram.write(used + 4 + 8 * entry, &(u64::from(length) << 32 | u64::from(id)).to_le_bytes());
        }
        ram.write(used + 2, &index.wrapping_add(by).to_le_bytes());
        self.link.device.raise(Some(queue));
    }

    /// Changes the header of a frame that the device may or may not have given back.
    fn change_frame(&mut self, script: &mut Script<'_>) {
        self.lied = true;
        let ([table, ..], size) = self.link.device.queue(0);
        if size == 0 {
            return;
        }
        let ram = self.link.machine.ram();
        let address = ram.read64(table + 16 * u64::from(script.word() % size));
        let header: Vec<u8> = (0..12).map(|_| script.byte() % 40).collect();
        if ram.is_shared(address, 12) {
            ram.write(address, &header);
        }
    }

    fn found_out(&mut self, error: Error) {
        assert!(self.lied, "{error}");
        assert!(self.link.device.is_given_up());
        let text = error.to_string();
        assert_eq!(self.link.received().expect_err("it is given up").to_string(), text);
        assert_eq!(self.link.send(&[0; 60]).expect_err("it is given up").to_string(), text);
        assert_eq!(self.link.net.notify().expect_err("it is given up").to_string(), text);
        let (polled, _) = poll(|context| self.link.net.poll_ready(context));
        assert!(matches!(polled, Poll::Ready(Err(error)) if error.to_string() == text));
        self.outcome.found_out = true;
    }
}

/// Devices whose registers, and whose configuration space, are whatever a script says: how many of them came up.
pub fn registers(bytes: &[u8]) -> usize {
    let mut script = Script(bytes);
    let flags = script.byte();
    let kind = [1, 3, 4, 2][usize::from(flags & 3)];
    let machine = Fake::new();
    machine.limit(256, 0);
    let device = Device::new(kind, ALL, &[256, 256], &MAC);
    match flags >> 2 & 3 {
        0 => machine.plug(SLOTS, 24, &device),
        way => {
            let mut function = Function::new((0, flags >> 4, 0), kind as u16, 0xe100_0000, 11, &device);
            function.is_odd = true;
            // A few changes, so that something of it remains; behind the vendor, so that it is found.
            for _ in 0..script.byte() % 24 {
                let (at, value) = (script.byte(), script.byte());
                function.space[usize::from(at.max(4))] = value;
            }
            machine.plug_pci(if way == 3 && function.has_list() { function.without_messages() } else { function });
        }
    }
    device.follow(script.0);
    let found = find(&machine, "").unwrap_or_default();
    let count = found.into_iter().filter(|&found| bring_up(&machine, found)).count();
    machine.unplug();
    count
}

fn bring_up(machine: &Fake, found: mirage_kvm::virtio::Found) -> bool {
    match found.kind {
        Kind::NETWORK => {
            let Ok(mut net) = Net::connect(machine, found, Some(Link::mac())) else { return false };
            assert!(net.mtu() >= 68);
            let _ = net.send(&[&[0; 60]], Default::default());
            let _ = net.notify();
            assert!(!matches!(net.receive(64, &mut |_, _| panic!("a frame from nowhere")), Ok(1..)));
            let _ = poll(|context| net.poll_ready(context));
        }
        Kind::CONSOLE => {
            let Ok(console) = Console::connect(machine, found) else { return false };
            let _ = poll(|context| pin!(console.write(b"x")).poll(context));
            let _ = poll(|context| pin!(console.read(&mut [0])).poll(context));
        }
        Kind::ENTROPY => {
            let Ok(mut rng) = Rng::connect(machine, found) else { return false };
            let _ = poll(|context| rng.poll_fill(context, &mut [0; 8]));
        }
        _ => return false,
    }
    true
}
