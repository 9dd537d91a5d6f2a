//! Segments: the header and the options that are known here, without the payload (RFC 9293, 3.1).

use smoltcp::wire::TcpPacket;

use super::Seq;

/// The header of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// The port it comes from.
    pub source_port: u16,
    /// The port it goes to.
    pub destination_port: u16,
    /// The number of its first octet, or of the SYN.
    pub seq: Seq,
    /// The next octet its sender waits for (ACK).
    pub ack: Option<Seq>,
    /// It opens a connection.
    pub syn: bool,
    /// Its sender has finished.
    pub fin: bool,
    /// It ends the connection at once.
    pub rst: bool,
    /// Nothing is worth waiting for behind it.
    pub psh: bool,
    /// The window, as it stands in the header: not scaled.
    pub window: u16,
    /// The largest segment its sender takes, in bytes; on a SYN.
    pub mss: Option<u16>,
    /// How many bits its sender's windows are shifted (RFC 7323, 2); on a SYN.
    pub window_scale: Option<u8>,
    /// Its sender understands SACK (RFC 2018, 2); on a SYN.
    pub sack_permitted: bool,
    /// What arrived out of order (RFC 2018, 3).
    pub sack: Sack,
    /// RFC 7323, 3.
    pub timestamps: Option<Timestamps>,
}

/// The timestamps option (RFC 7323, 3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timestamps {
    /// The sender's clock.
    pub value: u32,
    /// What the receiver's clock was, as the sender heard.
    pub echo: u32,
}

/// Up to four blocks of octets, each from its first one up to the one behind its last (RFC 2018, 3).
#[derive(Clone, Copy, Debug, Default)]
pub struct Sack {
    blocks: [(Seq, Seq); 4],
    count: u8,
}

impl PartialEq for Sack {
    fn eq(&self, other: &Self) -> bool {
        self.blocks() == other.blocks()
    }
}

impl Eq for Sack {}

impl Sack {
    /// None, for a segment that is sent: where blocks may come stands whatever number is at hand, which takes less than to
    /// clear it.
    pub fn none(at_hand: Seq) -> Self {
        Self { blocks: [(at_hand, at_hand); 4], count: 0 }
    }

    /// Adds a block behind the others; one too many is dropped.
    pub fn push(&mut self, block: (Seq, Seq)) {
        if let Some(free) = self.blocks.get_mut(usize::from(self.count)) {
            *free = block;
            self.count += 1;
        }
    }

    /// The blocks, in the order they stand in the option.
    pub fn blocks(&self) -> &[(Seq, Seq)] {
        self.blocks.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// Keeps the first `most` blocks.
    pub fn truncate(&mut self, most: u8) {
        self.count = self.count.min(most);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Kinds of option (RFC 9293, 3.2; RFC 7323, 2.2 and 3.2; RFC 2018, 2 and 3).
const END: u8 = 0;
const NOTHING: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;

/// Where the length stands in a header, in its upper four bits (RFC 9293, 3.1).
const LENGTH: usize = 12;

/// A header as it is sent: words of four bytes, as it is counted in. Not an array, all of which would be written first.
pub type Words = heapless::Vec<[u8; 4], 15>;

impl Segment {
    /// Reads the header of a packet whose checksum was found good; also where the payload begins, in bytes. None if it
    /// is not one. An option that is malformed ends the options (RFC 9293, 3.1, MUST-7).
    pub fn parse(packet: &[u8]) -> Option<(Self, usize)> {
        let header = TcpPacket::new_checked(packet).ok()?;
        let mut segment = Self {
            source_port: header.src_port(),
            destination_port: header.dst_port(),
            seq: Seq(header.seq_number().0 as u32),
            ack: header.ack().then(|| Seq(header.ack_number().0 as u32)),
            syn: header.syn(),
            fin: header.fin(),
            rst: header.rst(),
            psh: header.psh(),
            window: header.window_len(),
            ..Self::default()
        };
        segment.read_options(header.options());
        Some((segment, usize::from(header.header_len())))
    }

    fn read_options(&mut self, mut options: &[u8]) {
        while let [kind, ref behind @ ..] = *options
            && kind != END
        {
            options = behind;
            if kind == NOTHING {
                continue;
            }
            // The length counts the kind and itself.
            let Some((&length, behind)) = behind.split_first() else { return };
            let Some((value, rest)) = behind.split_at_checked(usize::from(length).wrapping_sub(2)) else { return };
            match (kind, value) {
                (MSS, &[high, low]) => self.mss = Some(u16::from_be_bytes([high, low])),
                (WINDOW_SCALE, &[scale]) => self.window_scale = Some(scale),
                (SACK_PERMITTED, []) => self.sack_permitted = true,
                (TIMESTAMPS, &[a, b, c, d, e, f, g, h]) => {
                    let (value, echo) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
                    self.timestamps = Some(Timestamps { value, echo });
                }
                (SACK, blocks) if !blocks.is_empty() && blocks.len().is_multiple_of(8) => {
                    self.sack = Sack::default();
                    for &[a, b, c, d, e, f, g, h] in blocks.as_chunks().0 {
                        let (left, right) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
                        self.sack.push((Seq(left), Seq(right)));
                    }
                }
                (MSS | WINDOW_SCALE | SACK_PERMITTED | TIMESTAMPS | SACK, _) => return,
                _ => {}
            }
            options = rest;
        }
    }

    /// Writes the header with its options into `words`, which are empty, and the checksum as zero. With no more of them
    /// than a SYN or another segment has, options fit into ten.
    pub fn emit<'w>(&self, words: &'w mut Words) -> &'w mut [u8] {
        let mut put = |word: [u8; 4]| _ = words.push(word);
        let flags = u8::from(self.fin)
            | u8::from(self.syn) << 1
            | u8::from(self.rst) << 2
            | u8::from(self.psh) << 3
            | u8::from(self.ack.is_some()) << 4;
        put(pair(self.source_port, self.destination_port));
        put(self.seq.0.to_be_bytes());
        put(self.ack.unwrap_or_default().0.to_be_bytes());
        put(pair(flags.into(), self.window));
        put(pair(0, 0));
        self.emit_options(put);
        let length = words.len() as u8;
        let bytes = words.as_flattened_mut();
        bytes[LENGTH] = length << 4;
        bytes
    }

    /// Each is aligned to four bytes, as RFC 7323, appendix A recommends.
    fn emit_options(&self, mut put: impl FnMut([u8; 4])) {
        if self.syn
            && let Some(mss) = self.mss
        {
            let [high, low] = mss.to_be_bytes();
            put([MSS, 4, high, low]);
        }
        let before = if self.syn && self.sack_permitted { [SACK_PERMITTED, 2] } else { [NOTHING, NOTHING] };
        if let Some(Timestamps { value, echo }) = self.timestamps {
            put([before[0], before[1], TIMESTAMPS, 10]);
            put(value.to_be_bytes());
            put(echo.to_be_bytes());
        } else if before[0] != NOTHING {
            put([before[0], before[1], NOTHING, NOTHING]);
        }
        if self.syn {
            if let Some(scale) = self.window_scale {
                put([NOTHING, WINDOW_SCALE, 3, scale]);
            }
        } else if !self.sack.is_empty() {
            let most = if self.timestamps.is_some() { 3 } else { 4 };
            let blocks = &self.sack.blocks()[..self.sack.blocks().len().min(most)];
            put([NOTHING, NOTHING, SACK, 2 + 8 * blocks.len() as u8]);
            for (left, right) in blocks {
                put(left.0.to_be_bytes());
                put(right.0.to_be_bytes());
            }
        }
    }

    /// How much of the sequence space it takes with `payload` bytes: SYN and FIN take one each.
    pub fn length(&self, payload: usize) -> u32 {
        u32::try_from(payload).unwrap_or(u32::MAX) + u32::from(self.syn) + u32::from(self.fin)
    }
}

/// Two numbers beside each other.
fn pair(first: u16, second: u16) -> [u8; 4] {
    (u32::from(first) << 16 | u32::from(second)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use smoltcp::wire::{TcpOption, TcpPacket};

    use super::{Sack, Segment, Timestamps, Words};
    use crate::tcp::Seq;

    fn round_trip(segment: Segment) -> usize {
        let mut words = Words::new();
        let bytes = segment.emit(&mut words);
        let length = bytes.len();
        assert_eq!(Segment::parse(bytes), Some((segment, length)));
        length
    }

    /// RFC 9293, 3.1; RFC 7323, 2.2 and 3.2; RFC 2018, 2.
    #[test]
    fn a_syn_keeps_its_options() {
        let syn =
            Segment { source_port: 1, destination_port: 65535, seq: Seq(u32::MAX), syn: true, ..Segment::default() };
        assert_eq!(round_trip(syn), 20);
        let syn = Segment { mss: Some(1460), window: 0xffff, ..syn };
        assert_eq!(round_trip(syn), 24);
        assert_eq!(round_trip(Segment { sack_permitted: true, ..syn }), 28);
        let timestamps = Some(Timestamps { value: 1, echo: u32::MAX });
        let all = Segment { sack_permitted: true, timestamps, window_scale: Some(7), ack: Some(Seq(7)), ..syn };
        assert_eq!(round_trip(all), 40);
    }

    #[test]
    fn another_parser_reads_the_options_that_are_meant() {
        let mut sack = Sack::default();
        let read = |bytes: &[u8]| {
            let (mut read, packet) = (Vec::new(), TcpPacket::new_checked(bytes).unwrap());
            let mut options = packet.options();
            while !options.is_empty() {
                let (rest, option) = TcpOption::parse(options).unwrap();
                if option != TcpOption::NoOperation {
                    read.push(format!("{option:?}"));
                }
                options = rest;
            }
            read
        };
        let timestamps = Some(Timestamps { value: 0x0102_0304, echo: 0x0506_0708 });
        let syn = Segment { mss: Some(1460), window_scale: Some(7), sack_permitted: true, ..Segment::default() };
        let syn = Segment { syn: true, timestamps, ..syn };
        let stamps = TcpOption::TimeStamp { tsval: 0x0102_0304, tsecr: 0x0506_0708 };
        let all = [TcpOption::MaxSegmentSize(1460), TcpOption::SackPermitted, stamps, TcpOption::WindowScale(7)];
        assert_eq!(read(syn.emit(&mut Words::new())), all.map(|option| format!("{option:?}")));
        sack.push((Seq(1), Seq(0x0102_0304)));
        sack.push((Seq(u32::MAX), Seq(7)));
        let blocks = TcpOption::SackRange([Some((1, 0x0102_0304)), Some((u32::MAX, 7)), None]);
        let ack = Segment { sack, timestamps, ..Segment::default() };
        assert_eq!(read(ack.emit(&mut Words::new())), [stamps, blocks].map(|option| format!("{option:?}")));
    }

    /// RFC 2018, 3: four blocks fit, three beside timestamps.
    #[test]
    fn blocks_fit_beside_timestamps() {
        let mut sack = Sack::default();
        for at in 0..4 {
            sack.push((Seq(at * 100), Seq(at * 100 + 50)));
        }
        let ack = Segment { ack: Some(Seq(5)), sack, fin: true, psh: true, ..Segment::default() };
        assert_eq!(round_trip(ack), 56);
        sack.truncate(3);
        let timestamps = Some(Timestamps::default());
        assert_eq!(round_trip(Segment { sack, timestamps, ..ack }), 60);
    }

    /// RFC 9293, 3.1, MUST-7: no option and no length of one does harm.
    #[test]
    fn malformed_headers_do_no_harm() {
        let timestamps = Some(Timestamps { value: 3, echo: 4 });
        let bytes = Segment { mss: Some(1000), timestamps, ..Segment::default() }.emit(&mut Words::new()).to_vec();
        for length in 0..bytes.len() {
            assert_eq!(Segment::parse(&bytes[..length]), None);
        }
        for at in 12..bytes.len() {
            for value in 0..=255 {
                let mut bytes = bytes.clone();
                bytes[at] = value;
                if let Some((_, offset)) = Segment::parse(&bytes) {
                    assert!(offset <= bytes.len());
                }
            }
        }
    }
}
