//! From a name to a tap device that works, or to the reason why not.

use std::os::fd::OwnedFd;

use mirage::{MacAddress, Offloads};
use mirage_vnet as vnet;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use super::error::TapError;
use super::sys::{self, NAME_MAX, Netdevice};

/// A tap device, attached and up.
pub struct Opened {
    /// Frames are read from it and written to it.
    pub file: OwnedFd,
    /// The address of this end.
    pub mac: MacAddress,
    /// The largest payload of a frame, in bytes.
    pub mtu: usize,
}

/// Opens the tap device `name`, which is made if it is not there; both ends leave `offloads` to whoever is next.
pub fn open(name: &str, mac: Option<MacAddress>, offloads: Offloads) -> Result<Opened, TapError> {
    if !is_name(name) {
        return Err(TapError::Name(name.to_owned()));
    }
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open("/dev/net/tun", flags, Mode::empty()).map_err(|errno| match errno {
        Errno::NOENT | Errno::NODEV | Errno::NXIO => TapError::NoDriver,
        Errno::ACCESS | Errno::PERM => TapError::NoAccess,
        errno => TapError::Other("/dev/net/tun".to_owned(), errno),
    })?;
    let other = |what: &str, errno| TapError::Other(format!("`{name}`: {what}"), errno);
    let netdevice = Netdevice::new(name).map_err(|errno| other("a socket to ask about it", errno))?;
    let was_there = netdevice.exists();
    sys::attach(&file, name).map_err(|errno| match errno {
        Errno::PERM | Errno::ACCESS if was_there => TapError::NotOurs(name.to_owned()),
        Errno::PERM | Errno::ACCESS => TapError::Missing(name.to_owned()),
        Errno::BUSY => TapError::InUse(name.to_owned()),
        Errno::INVAL if was_there => TapError::NotATap(name.to_owned()),
        errno => other("it cannot be opened", errno),
    })?;
    sys::leave_undone(&file, vnet::LENGTH, offloads).map_err(|errno| other("it does no offloads", errno))?;
    netdevice.bring_up().map_err(|errno| match errno {
        Errno::PERM | Errno::ACCESS => TapError::Down(name.to_owned()),
        errno => other("it cannot be brought up", errno),
    })?;
    let theirs = netdevice.mac().map_err(|errno| other("its hardware address", errno))?;
    let mac = match mac {
        Some(mac) if mac.is_group() || mac == theirs => return Err(TapError::Mac(mac)),
        Some(mac) => mac,
        None => random(theirs).map_err(|errno| other("a hardware address at random", errno))?,
    };
    let mtu = netdevice.mtu().map_err(|errno| other("its MTU", errno))?;
    if !was_there {
        mirage::log::info!("made the tap device {name}, which lasts as long as this process");
    }
    Ok(Opened { file, mac, mtu })
}

/// Whether an interface can be called so; `%` would have the kernel complete the name.
fn is_name(name: &str) -> bool {
    let wrong = |byte: u8| matches!(byte, b'/' | b':' | b'%' | 0) || byte.is_ascii_whitespace() || byte == 0x0b;
    (1..=NAME_MAX).contains(&name.len()) && !matches!(name, "." | "..") && !name.bytes().any(wrong)
}

/// A hardware address nobody was ever given (IEEE 802: locally administered, of one interface), and not the other end's.
fn random(theirs: MacAddress) -> Result<MacAddress, Errno> {
    loop {
        let mut bytes = [0; 6];
        match getrandom(&mut bytes, GetRandomFlags::empty()) {
            Ok(6) => {}
            Ok(_) | Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno),
        }
        bytes[0] = bytes[0] & !0b01 | 0b10;
        if bytes != theirs.0 {
            return Ok(MacAddress(bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_kernel_takes() {
        for name in ["t", "tap0", "a-name_of.15chr", "tåp"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".", "..", "sixteen-letters-", "a b", "a/b", "a:b", "tap%d", "a\tb", "a\x0bb", "a\0"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn hardware_addresses_at_random_are_of_one_interface_and_differ() {
        let one = random(MacAddress::BROADCAST).expect("random bytes");
        assert_eq!(one.0[0] & 0b11, 0b10);
        assert_ne!(one, random(one).expect("random bytes"));
    }
}
