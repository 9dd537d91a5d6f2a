//! TCP's checksum (RFC 9293 section 3.1), over parts that are not joined for it.

use core::net::IpAddr;

use smoltcp::wire::{IpProtocol, checksum};

/// A sum that grows by parts, some of them perhaps of odd length.
#[derive(Clone, Copy)]
pub struct Sum {
    total: u16,
    odd: bool,
}

impl Sum {
    /// The sum of the pseudo-header of a packet of `length` bytes. Its addresses are of one family.
    pub fn pseudo_header(source: IpAddr, destination: IpAddr, length: usize) -> Self {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let total = match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                checksum::pseudo_header_v4(&source, &destination, IpProtocol::Tcp, length)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                checksum::pseudo_header_v6(&source, &destination, IpProtocol::Tcp, length)
            }
            _ => 0,
        };
        Self { total, odd: false }
    }

    /// Adds what follows.
    pub fn add(&mut self, bytes: &[u8]) {
        let sum = checksum::data(bytes);
        // Behind an odd byte, every other byte changes its place (RFC 1071 section 2, B).
        self.total = checksum::combine(&[self.total, if self.odd { sum.swap_bytes() } else { sum }]);
        self.odd ^= bytes.len() % 2 == 1;
    }

    /// The sum, folded to 16 bits; not its complement.
    pub fn folded(self) -> u16 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;
    use smoltcp::wire::{Ipv4Address, TcpPacket};

    use super::*;

    proptest! {
        /// RFC 1071, 2: how the parts are cut does not matter.
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
