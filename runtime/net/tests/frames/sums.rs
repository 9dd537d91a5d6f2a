//! Checksums filled in, as far as there are any: without them little would ever be looked at.

use smoltcp::wire::{Icmpv4Packet, Icmpv6Packet, IpAddress, Ipv4Packet, Ipv6Packet, TcpPacket, UdpPacket};

/// Fills in those of a frame.
pub fn fill(frame: &mut [u8]) {
    let (header, packet) = frame.split_at_mut(14);
    match header[12..] {
        [8, 0] => v4(packet),
        [0x86, 0xdd] => v6(packet),
        _ => {}
    }
}

fn v4(packet: &mut [u8]) {
    let Ok(checked) = Ipv4Packet::new_checked(&*packet) else { return };
    let (start, end) = (usize::from(checked.header_len()), usize::from(checked.total_len()));
    if start < 20 {
        return;
    }
    let (source, destination) = (checked.src_addr().into(), checked.dst_addr().into());
    let protocol = u8::from(checked.next_header());
    Ipv4Packet::new_unchecked(&mut *packet).fill_checksum();
    let payload = &mut packet[start..end];
    match protocol {
        1 if payload.len() >= 4 => Icmpv4Packet::new_unchecked(payload).fill_checksum(),
        protocol => transport(protocol, payload, source, destination),
    }
}

fn v6(packet: &mut [u8]) {
    let Ok(checked) = Ipv6Packet::new_checked(&*packet) else { return };
    let (source, destination, end) = (checked.src_addr(), checked.dst_addr(), checked.total_len());
    let (mut protocol, mut start) = (u8::from(checked.next_header()), 40);
    // Of the headers in between, those a report of a group and a packet with options have; and the first piece of one
    // that is all there.
    while let (0 | 44 | 60, Some(&[next, length])) = (protocol, packet[..end].get(start..start + 2)) {
        start += if protocol == 44 { 8 } else { 8 * (usize::from(length) + 1) };
        protocol = next;
    }
    let Some(payload) = packet.get_mut(start..end) else { return };
    match protocol {
        58 if payload.len() >= 4 => Icmpv6Packet::new_unchecked(payload).fill_checksum(&source, &destination),
        protocol => transport(protocol, payload, source.into(), destination.into()),
    }
}

fn transport(protocol: u8, payload: &mut [u8], source: IpAddress, destination: IpAddress) {
    match protocol {
        6 if payload.len() >= 20 => TcpPacket::new_unchecked(payload).fill_checksum(&source, &destination),
        17 if UdpPacket::new_checked(&*payload).is_ok() => {
            UdpPacket::new_unchecked(payload).fill_checksum(&source, &destination);
        }
        _ => {}
    }
}
