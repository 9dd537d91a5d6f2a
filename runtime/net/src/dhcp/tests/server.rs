//! A server's messages, made by smoltcp.

use alloc::vec;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use mirage::MacAddress;
use smoltcp::wire::{ArpHardware, DhcpMessageType, DhcpOpCode, DhcpOption, DhcpPacket, EthernetAddress};

pub const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
pub const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 42);
pub const NAMES: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 53);

/// What a server says, to be changed as a test likes.
#[derive(Clone, Debug)]
pub struct Reply {
    pub kind: DhcpMessageType,
    pub transaction: u32,
    pub address: Ipv4Addr,
    pub options: Vec<(u8, Vec<u8>)>,
}

impl Reply {
    pub fn new(kind: DhcpMessageType, transaction: u32) -> Self {
        let options = vec![
            (54, SERVER.octets().to_vec()),
            (51, 3600_u32.to_be_bytes().to_vec()),
            (1, vec![255, 255, 255, 0]),
            (3, SERVER.octets().to_vec()),
            (6, NAMES.octets().to_vec()),
        ];
        Self { kind, transaction, address: ADDRESS, options }
    }

    /// With this option instead of the one there was.
    pub fn with(mut self, kind: u8, data: &[u8]) -> Self {
        self.options.retain(|(other, _)| *other != kind);
        self.options.push((kind, data.to_vec()));
        self
    }

    pub fn without(mut self, kind: u8) -> Self {
        self.options.retain(|(other, _)| *other != kind);
        self
    }

    pub fn seconds(self, kind: u8, seconds: u32) -> Self {
        self.with(kind, &seconds.to_be_bytes())
    }

    pub fn to(&self, mac: MacAddress) -> Vec<u8> {
        let mut bytes = vec![0; 600];
        let mut packet = DhcpPacket::new_unchecked(&mut bytes);
        packet.set_opcode(DhcpOpCode::Reply);
        packet.set_hardware_type(ArpHardware::Ethernet);
        packet.set_hardware_len(6);
        packet.set_transaction_id(self.transaction);
        packet.set_your_ip(self.address);
        packet.set_client_hardware_address(EthernetAddress(mac.0));
        packet.set_magic_number(0x6382_5363);
        let mut options = packet.options_mut();
        options.emit(DhcpOption { kind: 53, data: &[self.kind.into()] }).expect("room");
        for (kind, data) in &self.options {
            options.emit(DhcpOption { kind: *kind, data }).expect("room");
        }
        options.end().expect("room");
        bytes
    }
}

/// What a client said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub kind: DhcpMessageType,
    pub transaction: u32,
    pub seconds: u16,
    pub broadcast: bool,
    pub address: Ipv4Addr,
    pub requested: Option<Ipv4Addr>,
    pub server: Option<Ipv4Addr>,
}

/// Reads a client's message, and sees to what all of them have.
pub fn said(bytes: &[u8], mac: MacAddress) -> Said {
    assert!(bytes.len() >= 300, "RFC 1542, section 2.1");
    let packet = DhcpPacket::new_checked(bytes).expect("well-formed");
    assert_eq!(packet.opcode(), DhcpOpCode::Request);
    assert_eq!(packet.client_hardware_address(), EthernetAddress(mac.0));
    assert_eq!(packet.magic_number(), 0x6382_5363);
    let option = |kind| packet.options().find(|option| option.kind == kind).map(|option| option.data.to_vec());
    let address = |kind| option(kind).map(|data| Ipv4Addr::from_octets(data.try_into().expect("four bytes")));
    assert_eq!(option(61), Some([&[1], &mac.0[..]].concat()), "RFC 2132, section 9.14");
    assert!(option(55).is_some_and(|wanted| [1, 3, 6, 51, 58, 59].iter().all(|kind| wanted.contains(kind))));
    Said {
        kind: option(53).expect("a kind")[0].into(),
        transaction: packet.transaction_id(),
        seconds: packet.secs(),
        broadcast: packet.flags() == smoltcp::wire::DhcpFlags::BROADCAST,
        address: packet.client_ip(),
        requested: address(50),
        server: address(54),
    }
}
