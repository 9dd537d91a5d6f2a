//! The Internet checksum (RFC 1071), over parts that are not joined for it.

use core::net::IpAddr;

use super::output::PROTOCOL;

/// A sum that grows by parts, some of them perhaps of odd length.
#[derive(Clone, Copy, Default)]
pub struct Sum {
    /// In the byte order of this machine (RFC 1071 section 2, B).
    total: u64,
    odd: bool,
}

impl Sum {
    /// The sum of the pseudo-header of a packet of `length` bytes (RFC 9293 section 3.1, RFC 8200 section 8.1). Its
    /// addresses are of one family.
    pub fn pseudo_header(source: IpAddr, destination: IpAddr, length: usize) -> Self {
        let mut sum = Self::default();
        for address in [source, destination] {
            match address {
                IpAddr::V4(address) => sum.add(&address.octets()),
                IpAddr::V6(address) => sum.add(&address.octets()),
            }
        }
        sum.add(&[0, PROTOCOL]);
        sum.add(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        sum
    }

    /// Adds what follows.
    pub fn add(&mut self, bytes: &[u8]) {
        // Words of 32 bits are summed up in 64, which the compiler does several at a time; it cannot overflow before
        // 16 GiB.
        let (words, rest) = bytes.as_chunks::<4>();
        let mut sum: u64 = words.iter().map(|&word| u64::from(u32::from_ne_bytes(word))).sum();
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        sum += u64::from(u32::from_ne_bytes(last));
        let sum = fold(sum);
        self.total += u64::from(if self.odd { sum.swap_bytes() } else { sum });
        self.odd ^= bytes.len() % 2 == 1;
    }

    /// The sum, folded to 16 bits; not its complement.
    pub fn folded(self) -> u16 {
        u16::from_be(fold(self.total))
    }
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;
    use smoltcp::wire::{Ipv4Address, TcpPacket};

    use super::*;

    proptest! {
        /// RFC 1071, 2: the byte order and how the parts are cut do not matter.
        #[test]
        fn agrees_with_another_about_parts(header in prop::collection::vec(any::<u8>(), 20), parts: Vec<Vec<u8>>) {
            let mut whole = [header, parts.concat()].concat();
            whole[12] = 0x50;
            let (a, b) = (Ipv4Address::new(10, 0, 0, 1), Ipv4Address::new(192, 168, 255, 3));
            TcpPacket::new_unchecked(&mut whole).fill_checksum(&a.into(), &b.into());
            let mut sum = Sum::pseudo_header(a.into(), b.into(), whole.len());
            sum.add(&whole[..20]);
            for part in &parts {
                sum.add(part);
            }
            prop_assert_eq!(sum.folded(), 0xffff);
        }
    }
}
