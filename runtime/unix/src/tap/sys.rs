//! What is asked of the kernel by `ioctl`: linux/if_tun.h and linux/sockios.h, the netdevice(7) manual page.
//!
//! Every argument is an integer, or a value of this module's own that is as large as the kernel takes it to be: so
//! nothing a caller passes can make one of these unsound.

use std::os::fd::{AsFd, OwnedFd};

use mirage::{MacAddress, Offloads};
use rustix::io::Errno;
use rustix::ioctl::{IntegerSetter, Opcode, Setter, Updater, ioctl, opcode};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

/// The longest name of an interface, in bytes.
pub const NAME_MAX: usize = 15;

const TUNSETIFF: Opcode = opcode::write::<i32>(b'T', 202);
const TUNSETOFFLOAD: Opcode = opcode::write::<u32>(b'T', 208);
const TUNSETVNETHDRSZ: Opcode = opcode::write::<i32>(b'T', 216);
const TUNSETVNETLE: Opcode = opcode::write::<i32>(b'T', 220);
const SIOCGIFFLAGS: Opcode = 0x8913;
const SIOCSIFFLAGS: Opcode = 0x8914;
const SIOCGIFMTU: Opcode = 0x8921;
const SIOCGIFHWADDR: Opcode = 0x8927;

const IFF_TAP: u16 = 0x0002;
const IFF_NO_PI: u16 = 0x1000;
const IFF_VNET_HDR: u16 = 0x4000;
const IFF_UP: u16 = 0x0001;

const TUN_F_CSUM: usize = 0x01;
const TUN_F_TSO4: usize = 0x02;
const TUN_F_TSO6: usize = 0x04;

/// `struct ifreq`: an interface's name, and a union of what may be asked about it. As large as it is on 64-bit
/// machines; a kernel to which it is smaller leaves the rest alone.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Request {
    name: [u8; NAME_MAX + 1],
    value: [u8; 24],
}

impl Request {
    fn new(name: &str) -> Result<Self, Errno> {
        let mut request = Self { name: [0; NAME_MAX + 1], value: [0; 24] };
        // The last byte stays 0: it ends the name.
        request.name[..NAME_MAX].get_mut(..name.len()).ok_or(Errno::NAMETOOLONG)?.copy_from_slice(name.as_bytes());
        Ok(request)
    }

    fn short(&self) -> u16 {
        u16::from_ne_bytes([self.value[0], self.value[1]])
    }

    fn with_short(mut self, short: u16) -> Self {
        self.value[..2].copy_from_slice(&short.to_ne_bytes());
        self
    }
}

/// Makes `tun`, `/dev/net/tun` just opened, the other end of the tap device `name`, which is made if it is not there.
pub fn attach(tun: impl AsFd, name: &str) -> Result<(), Errno> {
    request::<TUNSETIFF>(tun, Request::new(name)?.with_short(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)).map(drop)
}

/// Has frames go with a header of `length` bytes in little-endian order, and come with those checksums not filled in and
/// those TCP segments not cut that `offloads` say.
pub fn leave_undone(tun: impl AsFd, length: usize, offloads: Offloads) -> Result<(), Errno> {
    let length = i32::try_from(length).map_err(|_| Errno::INVAL)?;
    // SAFETY: the kernel reads an `int` through the pointer it is given.
    unsafe { ioctl(&tun, Setter::<TUNSETVNETHDRSZ, i32>::new(length)) }?;
    // SAFETY: the kernel reads an `int` through the pointer it is given.
    unsafe { ioctl(&tun, Setter::<TUNSETVNETLE, i32>::new(1)) }?;
    let Offloads { checksum, segment_v4, segment_v6 } = offloads;
    let flags = [(checksum, TUN_F_CSUM), (segment_v4, TUN_F_TSO4), (segment_v6, TUN_F_TSO6)];
    let flags = flags.iter().filter(|(wanted, _)| *wanted).fold(0, |flags, (_, flag)| flags | flag);
    // SAFETY: the kernel takes the integer as a set of flags.
    unsafe { ioctl(&tun, IntegerSetter::<TUNSETOFFLOAD>::new_usize(flags)) }
}

/// An interface as netdevice(7) sees it.
pub struct Netdevice<'a> {
    name: &'a str,
    socket: OwnedFd,
}

impl<'a> Netdevice<'a> {
    /// The interface of this name, whether there is one or not.
    pub fn new(name: &'a str) -> Result<Self, Errno> {
        // Any socket will do; this family is always there.
        let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
        Ok(Self { name, socket })
    }

    /// Whether there is such an interface.
    pub fn exists(&self) -> bool {
        self.flags().is_ok()
    }

    /// Brings it up, unless it is.
    pub fn bring_up(&self) -> Result<(), Errno> {
        match self.flags()? {
            flags if flags & IFF_UP != 0 => Ok(()),
            flags => {
                let up = Request::new(self.name)?.with_short(flags | IFF_UP);
                request::<SIOCSIFFLAGS>(&self.socket, up).map(drop)
            }
        }
    }

    /// The largest payload of a frame.
    pub fn mtu(&self) -> Result<usize, Errno> {
        let [a, b, c, d, ..] = request::<SIOCGIFMTU>(&self.socket, Request::new(self.name)?)?.value;
        usize::try_from(i32::from_ne_bytes([a, b, c, d])).map_err(|_| Errno::RANGE)
    }

    /// The hardware address of the kernel's end.
    pub fn mac(&self) -> Result<MacAddress, Errno> {
        // A `struct sockaddr`: a family of two bytes, then the address.
        let [_, _, a, b, c, d, e, f, ..] = request::<SIOCGIFHWADDR>(&self.socket, Request::new(self.name)?)?.value;
        Ok(MacAddress([a, b, c, d, e, f]))
    }

    fn flags(&self) -> Result<u16, Errno> {
        Ok(request::<SIOCGIFFLAGS>(&self.socket, Request::new(self.name)?)?.short())
    }
}

/// An `ioctl` that reads and may write a `struct ifreq`.
fn request<const OPCODE: Opcode>(to: impl AsFd, mut request: Request) -> Result<Request, Errno> {
    const { assert!(matches!(OPCODE, TUNSETIFF | SIOCGIFFLAGS | SIOCSIFFLAGS | SIOCGIFMTU | SIOCGIFHWADDR)) };
    // SAFETY: for these the kernel reads and writes a `struct ifreq` through the pointer, which `Request` is; any bytes
    // it leaves there are a `Request`, and none of it is a pointer.
    unsafe { ioctl(to, Updater::<OPCODE, Request>::new(&mut request)) }?;
    Ok(request)
}
