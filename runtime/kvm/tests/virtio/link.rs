//! A network interface and the device behind it.

use std::sync::LazyLock;

use mirage::{MacAddress, Network, Offload, Received};
use mirage_kvm::virtio::find::{Found, Kind, find};
use mirage_kvm::virtio::{Error, Net};

use crate::fake::{Chain, Device, EVENTS, Fake, Function, INDIRECT, SLOTS, VERSION_1};

pub const MAC: [u8; 6] = [0x52, 0x54, 0, 0x12, 0x34, 0x56];

// Features.
pub const CHECKSUMS: u64 = 1 << 0 | 1 << 1;
pub const MTU: u64 = 1 << 3;
pub const HAS_MAC: u64 = 1 << 5;
pub const SEGMENTS: u64 = 1 << 7 | 1 << 8 | 1 << 11 | 1 << 12;
pub const MERGEABLE: u64 = 1 << 15;
/// And what is not wanted: the status, a control queue, notifications of its own.
pub const ALL: u64 =
    CHECKSUMS | HAS_MAC | SEGMENTS | MERGEABLE | EVENTS | INDIRECT | VERSION_1 | 1 << 16 | 1 << 17 | 1 << 38;

/// How a device is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Mmio,
    Messages,
    Line,
}

/// How a device is made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub features: u64,
    pub way: Way,
    pub queue: u16,
    pub mtu: u16,
    pub spare: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { features: ALL, way: Way::Mmio, queue: 256, mtu: 1500, spare: 0 }
    }
}

/// A machine with a network device.
pub fn machine(options: Options) -> (Fake, Device) {
    let Options { features, way, queue, mtu, spare } = options;
    let machine = Fake::new();
    machine.limit(1024, spare);
    let config = [&MAC[..], &[1, 0, 1, 0], &mtu.to_le_bytes()].concat();
    let device = Device::new(1, features, &[queue, queue, 64], &config);
    match way {
        Way::Mmio => machine.plug(SLOTS + 23 * 0x200, 47, &device),
        Way::Messages => machine.plug_pci(Function::new((0, 3, 0), 1, 0x80_0000_0000, 11, &device)),
        Way::Line => {
            machine.plug_pci(Function::new((0, 3, 0), 1, 0xfe00_0000, 11, &device).without_messages());
        }
    }
    (machine, device)
}

pub fn only(machine: &Fake) -> Found {
    let found = find(machine, "").expect("devices");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].kind, Kind::NETWORK);
    found[0]
}

/// An interface, and the device's end of it.
pub struct Link {
    pub net: Net<Fake>,
    pub device: Device,
    pub machine: Fake,
    /// Buffers to receive into that the device has taken and not filled.
    taken: Vec<Chain>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.machine.unplug();
    }
}

impl Link {
    pub fn new(options: Options) -> Self {
        Self::try_new(options).expect("an interface")
    }

    pub fn try_new(options: Options) -> Result<Self, Error> {
        let (machine, device) = machine(options);
        let net = Net::connect(&machine, only(&machine), None);
        if net.is_err() {
            machine.unplug();
        }
        Ok(Self { net: net?, device, machine, taken: Vec::new() })
    }

    /// What is told to a device that does not give its address.
    pub fn mac() -> MacAddress {
        MacAddress(MAC)
    }

    /// The device has a frame for the driver; false when it lacks buffers. Of a frame that is merged, each buffer is
    /// filled as far as `fill`.
    pub fn arrive(&mut self, header: [u8; 10], frame: &[u8], fill: usize) -> bool {
        let ram = self.machine.ram();
        let merges = self.device.has(MERGEABLE);
        let mut content = [&header[..], &[0, 0], frame].concat();
        let mut room = 0;
        let mut count = 0;
        while room < content.len() {
            if self.taken.len() == count {
                let Some(chain) = self.device.pop(&self.machine, 0) else { return false };
                assert!(chain.read.is_empty() && chain.write.len() == 1);
                self.taken.push(chain);
            }
            room += fill.min(self.taken[count].write[0].1 as usize);
            count += 1;
            assert!(merges || count == 1, "a frame is larger than a buffer");
        }
        content[10..12].copy_from_slice(&(count as u16).to_le_bytes());
        let mut rest = &content[..];
        let mut used = Vec::new();
        for chain in self.taken.drain(..count) {
            let (now, behind) = rest.split_at(rest.len().min(fill).min(chain.write[0].1 as usize));
            ram.write(chain.write[0].0, now);
            used.push((chain.head, now.len() as u32));
            rest = behind;
        }
        self.device.push(&self.machine, 0, &used);
        true
    }

    /// What the driver sent since the last call: header and frame.
    pub fn sent(&self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        while let Some((head, frame)) = self.look() {
            self.device.push(&self.machine, 1, &[(head, 0)]);
            frames.push(frame);
        }
        frames
    }

    /// Takes a frame that the driver sent, and does not give it back.
    pub fn look(&self) -> Option<(u16, Vec<u8>)> {
        let chain = self.device.pop(&self.machine, 1)?;
        assert!(chain.write.is_empty());
        let parts = chain.read.iter().map(|&(address, length)| self.machine.ram().read(address, length as usize));
        Some((chain.head, parts.collect::<Vec<_>>().concat()))
    }

    /// What is received, at most 128 frames.
    pub fn received(&mut self) -> Result<Vec<(Vec<u8>, Received)>, Error> {
        let mut frames = Vec::new();
        let count = self.net.receive(128, &mut |frame, received| frames.push((frame.to_vec(), received)))?;
        assert_eq!(count, frames.len());
        Ok(frames)
    }

    /// Sends a frame as it is.
    pub fn send(&mut self, frame: &[u8]) -> Result<bool, Error> {
        self.net.send(&[frame], Offload::default())
    }
}

/// A frame with a content of its own.
pub fn frame(number: usize, length: usize) -> Vec<u8> {
    static PATTERN: LazyLock<Vec<u8>> =
        LazyLock::new(|| (0_usize..80_000).map(|at| (at * 7 + at / 256 * 3 + at / 5000) as u8).collect());
    let start = number * 13 % 8192;
    PATTERN[start..start + length].to_vec()
}
