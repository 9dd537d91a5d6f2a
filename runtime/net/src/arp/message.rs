//! ARP messages, of Ethernet and IPv4 only.

use core::net::Ipv4Addr;

use mirage::MacAddress;
use smoltcp::wire::{ArpOperation, ArpPacket, ArpRepr, EthernetAddress};

/// An ARP message's length, in bytes.
const LENGTH: usize = 28;

/// An ARP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whether it is a request; else it is a reply.
    pub request: bool,
    /// Whose it is: the hardware address, and the IPv4 address or none of its own yet.
    pub sender: (MacAddress, Ipv4Addr),
    /// Whom it is about.
    pub target: (MacAddress, Ipv4Addr),
}

impl Message {
    /// Reads a message; none if it is of other hardware or protocols, or no message at all.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let packet = ArpPacket::new_checked(bytes).ok()?;
        let ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr,
            source_protocol_addr,
            target_hardware_addr,
            target_protocol_addr,
        } = ArpRepr::parse(&packet).ok()?
        else {
            return None;
        };
        let request = match operation {
            ArpOperation::Request => true,
            ArpOperation::Reply => false,
            _ => return None,
        };
        Some(Self {
            request,
            sender: (MacAddress(source_hardware_addr.0), source_protocol_addr),
            target: (MacAddress(target_hardware_addr.0), target_protocol_addr),
        })
    }

    /// Its bytes.
    pub fn bytes(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let operation = if self.request { ArpOperation::Request } else { ArpOperation::Reply };
        let message = ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr: EthernetAddress(self.sender.0.0),
            source_protocol_addr: self.sender.1,
            target_hardware_addr: EthernetAddress(self.target.0.0),
            target_protocol_addr: self.target.1,
        };
        message.emit(&mut ArpPacket::new_unchecked(&mut bytes));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_826_a_message_there_and_back() {
        let message = Message {
            request: true,
            sender: (MacAddress([2, 0, 0, 0, 0, 1]), Ipv4Addr::new(10, 0, 0, 1)),
            target: (MacAddress([0; 6]), Ipv4Addr::new(10, 0, 0, 2)),
        };
        let bytes = message.bytes();
        assert_eq!(bytes[..8], [0, 1, 8, 0, 6, 4, 0, 1]);
        assert_eq!(Message::parse(&bytes), Some(message));
        for length in 0..LENGTH {
            assert_eq!(Message::parse(&bytes[..length]), None);
        }
        let mut of_a_token_ring = bytes;
        of_a_token_ring[1] = 6;
        assert_eq!(Message::parse(&of_a_token_ring), None);
    }
}
