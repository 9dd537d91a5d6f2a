//! Why there is no tap device to be had, and what makes one.

use std::fmt;
use std::io;

use mirage::MacAddress;
use rustix::io::Errno;

use super::sys::NAME_MAX;

/// Why a tap device could not be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum TapError {
    /// The kernel's driver is not loaded, or `/dev` lacks its file.
    NoDriver,
    /// `/dev/net/tun` may not be opened.
    NoAccess,
    /// No interface can be called so.
    Name(String),
    /// There is no such interface, and making one takes a right that is not there.
    Missing(String),
    /// The interface belongs to somebody else.
    NotOurs(String),
    /// Another process has it.
    InUse(String),
    /// There is such an interface, and it is something else.
    NotATap(String),
    /// It is down, and bringing it up takes a right that is not there.
    Down(String),
    /// The hardware address chosen is none a single interface can have, or is that of the other end.
    Mac(MacAddress),
    /// The file to record into cannot be written.
    Recording(String, io::Error),
    /// Something else the kernel refuses, and what.
    Other(String, Errno),
}

impl fmt::Display for TapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDriver => f.write_str("there is no /dev/net/tun: `sudo modprobe tun` loads its driver"),
            Self::NoAccess => f.write_str(
                "/dev/net/tun: permission denied: `sudo chmod 666 /dev/net/tun` opens it to everybody, which alone \
                 gives nobody an interface",
            ),
            Self::Name(name) => write!(
                f,
                "an interface cannot be called `{name}`: a name has 1 to {NAME_MAX} bytes, none of them a space, `/`, \
                 `:` or `%`"
            ),
            Self::Missing(name) => write!(
                f,
                "there is no interface `{name}`, and making one takes CAP_NET_ADMIN: `sudo ip tuntap add dev {name} \
                 mode tap user $USER && sudo ip link set dev {name} up` makes it for you"
            ),
            Self::NotOurs(name) => write!(
                f,
                "`{name}` belongs to another user: `sudo ip tuntap del dev {name} mode tap && sudo ip tuntap add dev \
                 {name} mode tap user $USER && sudo ip link set dev {name} up` makes it yours"
            ),
            Self::InUse(name) => write!(
                f,
                "`{name}` is in use by another process: end it, or give this one an interface of its own with \
                 `--interface`"
            ),
            Self::NotATap(name) => write!(
                f,
                "`{name}` is not a tap device with a single queue: another name after `--interface`, or `sudo ip \
                 tuntap add dev NAME mode tap user $USER`"
            ),
            Self::Down(name) => write!(f, "`{name}` is down: `sudo ip link set dev {name} up`"),
            Self::Mac(mac) if mac.is_group() => {
                write!(f, "`--mac` cannot be `{mac}`: it is a group's; an interface has one whose first byte is even")
            }
            Self::Mac(mac) => {
                write!(f, "`--mac` cannot be `{mac}`: the kernel's end of the interface has it; each needs its own")
            }
            Self::Recording(file, error) => write!(f, "`{file}` cannot be recorded into: {error}"),
            Self::Other(what, errno) => write!(f, "{what}: {}", io::Error::from(*errno)),
        }
    }
}

impl std::error::Error for TapError {}
