//! A block of LZ4 (doc/lz4_Block_format.md of the LZ4 project), as small as that format makes it: it is written once, and
//! read at every boot.

/// The shortest repetition.
const SHORTEST: usize = 4;
/// The farthest one.
const FARTHEST: usize = u16::MAX as usize;
/// The format ends with as many literals at least,
const LAST: usize = 5;
/// and repeats nothing from there on.
const END: usize = 12;
/// How many places are looked at for each repetition.
const LOOKED_AT: usize = 256;
/// A repetition as long is good enough, and what is within it is not looked for.
const LONG: usize = 256;

/// What was packed.
pub struct Block {
    /// The block.
    pub bytes: Vec<u8>,
    /// How far its beginning has to lie behind where what comes of it begins, for it to be read before it is written over.
    pub behind: usize,
}

/// Packs `bytes`.
pub fn pack(bytes: &[u8]) -> Block {
    let repetitions = repetitions(bytes);
    let lengths = lengths(bytes.len(), &repetitions);
    let mut block = Block { bytes: vec![], behind: 0 };
    let (mut at, mut literals) = (0, 0);
    while at < bytes.len() {
        let length = lengths[at];
        if length == 0 {
            at += 1;
            continue;
        }
        sequence(&mut block.bytes, &bytes[literals..at], Some((length, repetitions[at].1)));
        at += length;
        literals = at;
        block.behind = block.behind.max(at.saturating_sub(block.bytes.len()));
    }
    sequence(&mut block.bytes, &bytes[literals..], None);
    block.behind = block.behind.max(bytes.len().saturating_sub(block.bytes.len()));
    block
}

/// The longest repetition at each place, and how far back it is from.
fn repetitions(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut found = vec![(0, 0); bytes.len()];
    let mut newest = vec![usize::MAX; 1 << 16];
    let mut older = vec![usize::MAX; bytes.len()];
    let to = bytes.len().saturating_sub(LAST);
    for at in 0..bytes.len().saturating_sub(END) {
        let four = u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let newest = &mut newest[(four.wrapping_mul(0x9e37_79b1) >> 16) as usize];
        older[at] = std::mem::replace(newest, at);
        if at > 0
            && let (length @ LONG.., back) = found[at - 1]
        {
            found[at] = (length - 1, back);
            continue;
        }
        let (mut there, mut best) = (older[at], (0, 0));
        for _ in 0..LOOKED_AT {
            if there == usize::MAX || at - there > FARTHEST {
                break;
            }
            // Longer than the best one only if it goes on where that ends.
            if at + best.0 < to && bytes[there + best.0] == bytes[at + best.0] {
                let length = bytes[there..].iter().zip(&bytes[at..to]).take_while(|(one, other)| one == other).count();
                if length >= SHORTEST && length > best.0 {
                    best = (length, at - there);
                }
            }
            there = older[there];
        }
        found[at] = best;
    }
    found
}

/// How long a repetition is taken at each place that makes the least of all that follows; 0 for a literal.
fn lengths(count: usize, repetitions: &[(usize, usize)]) -> Vec<usize> {
    let mut costs = vec![0_usize; count + 1];
    let mut lengths = vec![0; count];
    for at in (0..count).rev() {
        costs[at] = costs[at + 1] + 1;
        let longest = repetitions[at].0;
        for length in (SHORTEST..=longest.min(LONG)).chain((longest > LONG).then_some(longest)) {
            let cost = costs[at + length] + 3 + more(length - SHORTEST);
            if cost <= costs[at] {
                (costs[at], lengths[at]) = (cost, length);
            }
        }
    }
    lengths
}

/// The bytes a number takes beside its four bits.
fn more(number: usize) -> usize {
    if number < 15 { 0 } else { 1 + (number - 15) / 255 }
}

fn sequence(packed: &mut Vec<u8>, literals: &[u8], repetition: Option<(usize, usize)>) {
    let length = repetition.map_or(0, |(length, _)| length - SHORTEST);
    packed.push((literals.len().min(15) << 4 | length.min(15)) as u8);
    rest(packed, literals.len());
    packed.extend_from_slice(literals);
    if let Some((_, back)) = repetition {
        packed.extend_from_slice(&(back as u16).to_le_bytes());
        rest(packed, length);
    }
}

/// What of a number did not fit into four bits.
fn rest(packed: &mut Vec<u8>, number: usize) {
    let Some(mut left) = number.checked_sub(15) else { return };
    while left >= 255 {
        packed.push(255);
        left -= 255;
    }
    packed.push(left as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that repeat a little, and are the same every time.
    fn bytes(count: usize, kinds: u32) -> Vec<u8> {
        let mut state = 1_u32;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % kinds
        };
        (0..count).map(next).map(|kind| kind as u8).collect()
    }

    #[test]
    fn what_is_packed_is_unpacked_by_others() {
        let lengths = [0, 1, 4, 5, 11, 12, 13, 14, 17, 18, 19, 20, 270, 300, 70_000];
        for (count, kinds) in lengths.into_iter().flat_map(|count| [1, 3, 256].map(|kinds| (count, kinds))) {
            let bytes = bytes(count, kinds);
            let packed = pack(&bytes).bytes;
            let unpacked = lz4_flex::block::decompress(&packed, count);
            assert!(unpacked.is_ok_and(|unpacked| unpacked == bytes), "{count} bytes of {kinds} kinds");
        }
    }

    #[test]
    fn what_repeats_becomes_small_and_what_does_not_hardly_larger() {
        assert!(pack(&bytes(100_000, 1)).bytes.len() < 500);
        let few = bytes(20_000, 4);
        let packed = pack(&few).bytes.len();
        // A repetition takes three bytes, and among so many bytes of four kinds is about seven long: 4^7 is 16,384.
        assert!(packed < lz4_flex::block::compress(&few).len() && packed < few.len() / 2, "{packed}");
        assert!(pack(&bytes(20_000, 256)).bytes.len() < 20_100);
    }

    /// As a machine does it: in one place, the block behind what comes of it.
    #[test]
    fn a_block_is_read_before_it_is_written_over() {
        for (count, kinds) in [(13, 1), (1000, 1), (10_000, 2), (20_000, 8), (20_000, 256)] {
            let bytes = bytes(count, kinds);
            let Block { bytes: packed, behind } = pack(&bytes);
            let mut memory = vec![0; behind + packed.len()];
            memory[behind..].copy_from_slice(&packed);
            assert!(unpack(&mut memory, behind) == count && memory[..count] == bytes, "{count} bytes of {kinds} kinds");
        }
    }

    /// Unpacks what begins at `from` to the beginning, and says how much it was.
    fn unpack(memory: &mut [u8], mut from: usize) -> usize {
        let number = |memory: &[u8], from: &mut usize, four: u8| {
            let mut number = usize::from(four);
            let mut goes_on = four == 15;
            while goes_on {
                number += usize::from(memory[*from]);
                goes_on = memory[*from] == 255;
                *from += 1;
            }
            number
        };
        let mut to = 0;
        loop {
            let token = memory[from];
            from += 1;
            let literals = number(memory, &mut from, token >> 4);
            memory.copy_within(from..from + literals, to);
            (from, to) = (from + literals, to + literals);
            if from == memory.len() {
                return to;
            }
            let back = usize::from(u16::from_le_bytes([memory[from], memory[from + 1]]));
            from += 2;
            for _ in 0..number(memory, &mut from, token & 15) + SHORTEST {
                memory[to] = memory[to - back];
                to += 1;
            }
        }
    }
}
