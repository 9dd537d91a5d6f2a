//! The Internet checksum (RFC 1071), where a device does not see to it.

use mirage::Checksum;
use smoltcp::wire::checksum;

/// Fills in a checksum as a device would, in a packet that `wanted` speaks of. What does not fit is left alone.
pub fn fill(packet: &mut [u8], wanted: Checksum) {
    let (start, offset) = (usize::from(wanted.start), usize::from(wanted.offset));
    let Some(summed) = packet.get_mut(start..).filter(|summed| summed.len() >= offset + 2) else { return };
    // The sum of the pseudo-header stands at its place already.
    let sum = !checksum::data(summed);
    // RFC 768: nothing but a checksum that was left out is zero.
    let sum = if sum == 0 { 0xffff } else { sum };
    summed[offset..offset + 2].copy_from_slice(&sum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_1071_what_is_filled_in_sums_up() {
        let mut packet = *b"header\x12\x34\0\x07payload";
        fill(&mut packet, Checksum { start: 6, offset: 2 });
        // With the pseudo-header's sum taken out again, everything sums up to all ones but for that sum.
        let filled = checksum::data(&packet[6..]);
        assert_eq!(checksum::combine(&[filled, 7]), 0xffff);
        fill(&mut packet, Checksum { start: 40, offset: 2 });
        fill(&mut packet, Checksum { start: 14, offset: 2 });
    }
}
