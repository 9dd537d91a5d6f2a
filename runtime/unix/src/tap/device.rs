//! The interface: batches of frames in, one at a time out.

use std::io::IoSlice;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use mirage::args::Interface;
use mirage::{MacAddress, Network, Offload, Offloads, Received};
use mirage_vnet as vnet;
use rustix::io::{Errno, read, writev};

use super::error::TapError;
use super::open::{Opened, open};
use super::pcap::Recording;
use crate::reactor::{Direction, Registration};
use crate::{Error, Platform};

/// Room for the largest frame there is: 64 KiB of packet, an Ethernet header with tags, and the header before it.
const ROOM: usize = vnet::LENGTH + 32 + 65_536;

/// Parts of a frame that are handed to the kernel as they are, the header before it among them; of more, the rest is
/// put together first.
const PARTS: usize = 16;

/// A tap device: what is sent on it comes to the kernel's interface of the same name, and the other way round.
pub struct Tap {
    // Before the file, so that nobody is left waiting for a closed one.
    registration: Registration,
    file: OwnedFd,
    platform: Platform,
    mac: MacAddress,
    mtu: usize,
    poll: std::time::Duration,
    /// What the kernel is left to do.
    offloads: Offloads,
    /// The frame that was read last, after its header.
    buffer: Box<[u8]>,
    /// What of a frame was put together, if it had too many parts.
    rest: Vec<u8>,
    /// Whether a frame was refused and there may be room by now.
    refused: bool,
    /// Whether a frame has gone that the kernel may answer at once.
    sent: bool,
    recording: Option<Recording>,
}

impl Tap {
    /// Opens the tap device that `arguments` name.
    ///
    /// # Errors
    /// When there is none and none can be made, with what would make one.
    pub async fn connect(platform: &Platform, arguments: Interface) -> Result<Self, TapError> {
        let Interface { interface, mac, poll, no_offloads, pcap } = arguments;
        let all = Offloads { checksum: true, segment_v4: true, segment_v6: true };
        let offloads = if no_offloads { Offloads::default() } else { all };
        let Opened { file, mac, mtu } = open(&interface, mac, offloads)?;
        let recording = match pcap {
            Some(name) => {
                let recording = Recording::create(name.clone());
                Some(recording.map_err(|error| TapError::Recording(name, error))?)
            }
            None => None,
        };
        let registration = platform
            .reactor()
            .register(&file)
            .map_err(|errno| TapError::Other(format!("`{interface}`: it cannot be waited for"), errno))?;
        mirage::log::info!("{interface}: hardware address {mac}, MTU {mtu}");
        let (platform, buffer) = (platform.clone(), vec![0; ROOM].into_boxed_slice());
        let (poll, rest, refused, sent) = (poll.0, Vec::new(), false, false);
        Ok(Self { registration, file, platform, mac, mtu, poll, offloads, buffer, rest, refused, sent, recording })
    }

    /// The loop looks on for a while before it sleeps: where one frame was, the next is near.
    fn look_on(&self) {
        if !self.poll.is_zero() {
            self.platform.look_on(self.poll);
        }
    }

    fn write(&mut self, header: &[u8], frame: &[&[u8]]) -> Result<usize, Errno> {
        let direct = frame.len().min(if frame.len() < PARTS { PARTS - 1 } else { PARTS - 2 });
        let (direct, rest) = frame.split_at(direct);
        self.rest.clear();
        rest.iter().for_each(|part| self.rest.extend_from_slice(part));
        let mut parts = [IoSlice::new(&[]); PARTS];
        let given = [header].into_iter().chain(direct.iter().copied()).chain([&*self.rest]);
        let count = parts.iter_mut().zip(given).map(|(part, given)| *part = IoSlice::new(given)).count();
        writev(&self.file, &parts[..count])
    }
}

impl Network for Tap {
    type Error = Error;

    fn mac(&self) -> MacAddress {
        self.mac
    }

    fn mtu(&self) -> usize {
        self.mtu
    }

    fn offloads(&self) -> Offloads {
        self.offloads
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let readable = self.registration.poll_ready(Direction::Read, context).is_ready();
        let writable = self.refused && self.registration.poll_ready(Direction::Write, context).is_ready();
        if readable || writable {
            self.refused &= !writable;
            return Poll::Ready(Ok(()));
        }
        if let Some(recording) = &mut self.recording {
            recording.flush();
        }
        Poll::Pending
    }

    fn receive(&mut self, most: usize, deliver: &mut dyn FnMut(&mut [u8], Received)) -> Result<usize, Error> {
        let mut count = 0;
        while count < most {
            let length = match read(&self.file, &mut *self.buffer) {
                Ok(length) => length,
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => {
                    self.registration.drained(Direction::Read);
                    break;
                }
                Err(errno) => return Err(errno.into()),
            };
            let Some((header, frame)) =
                self.buffer.get_mut(..length).and_then(|read| read.split_first_chunk_mut::<{ vnet::LENGTH }>())
            else {
                continue; // The kernel puts the header before every frame.
            };
            if let Some(recording) = &mut self.recording {
                recording.frame(&[frame]);
            }
            deliver(frame, vnet::decode(header));
            count += 1;
        }
        if count > 0 {
            self.look_on();
        }
        Ok(count)
    }

    fn send(&mut self, frame: &[&[u8]], offload: Offload) -> Result<bool, Error> {
        let header = vnet::encode(frame, offload);
        let written = loop {
            match self.write(&header, frame) {
                Err(Errno::INTR) => {}
                written => break written,
            }
        };
        match written {
            Ok(_) => {}
            Err(Errno::AGAIN) => {
                self.registration.drained(Direction::Write);
                self.refused = true;
                return Ok(false);
            }
            // A link may lose frames, and those of an interface that is down are lost as on a cable that is unplugged:
            // the device is there all the same. Nor is it gone because a frame is none.
            Err(errno @ (Errno::IO | Errno::NOBUFS | Errno::NOMEM | Errno::INVAL)) => {
                mirage::log::debug!("a frame is lost: {}", std::io::Error::from(errno));
                return Ok(true);
            }
            Err(errno) => return Err(errno.into()),
        }
        if let Some(recording) = &mut self.recording {
            recording.frame(frame);
        }
        self.sent = true;
        Ok(true)
    }

    fn notify(&mut self) -> Result<(), Error> {
        // Every frame was the kernel's at once; what it answers is near.
        if std::mem::take(&mut self.sent) {
            self.look_on();
        }
        Ok(())
    }
}
