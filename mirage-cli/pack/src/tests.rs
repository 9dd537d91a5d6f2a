use proptest::prelude::*;

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

/// What becomes of bytes that are packed and unpacked in one place, the block as little behind as it says it may be.
fn again(bytes: &[u8], code: usize) -> Option<Vec<u8>> {
    let Block { bytes: packed, behind } = pack(bytes, code);
    let behind = behind.max(bytes.len().saturating_sub(packed.len()));
    let mut memory = vec![0xaa; behind + packed.len()];
    memory[behind..].copy_from_slice(&packed);
    let count = unpack(&mut memory, behind, code)?;
    memory.truncate(count);
    Some(memory)
}

#[test]
fn what_is_packed_is_unpacked_in_place() {
    for count in [0, 1, 2, 3, 4, 5, 15, 16, 17, 18, 19, 270, 271, 272, 530, 5_000] {
        for kinds in [1, 2, 3, 256] {
            let bytes = bytes(count, kinds);
            assert!(again(&bytes, count / 2).is_some_and(|there| there == bytes), "{count} bytes of {kinds} kinds");
        }
    }
    // Repeated from as far as it goes, and from farther.
    for apart in [255, 256, (NEAR << 8) - 1, NEAR << 8, 65_536, REACH - 1, REACH] {
        let bytes = [&bytes(300, 256)[..], &bytes(apart, 256)[300.min(apart)..], &bytes(300, 256)].concat();
        assert!(again(&bytes, 0).is_some_and(|there| there == bytes), "{apart} bytes apart");
    }
}

#[test]
fn what_repeats_becomes_small_and_what_does_not_hardly_larger() {
    let book = 2 * BOOK;
    assert!(pack(&bytes(100_000, 1), 0).bytes.len() < book + 500);
    // However long a repetition is, it is one command and a number.
    assert!(pack(&bytes(1 << 20, 1), 0).bytes.len() < book + 10 + (1 << 20) / 255);
    let few = bytes(20_000, 4);
    let packed = pack(&few, 0).bytes.len();
    // A repetition takes two or three bytes, and among so many bytes of four kinds is about seven long: 4^7 is 16,384.
    assert!(packed < lz4_flex::block::compress(&few).len() && packed < few.len() / 2, "{packed}");
    assert!(pack(&bytes(20_000, 256), 0).bytes.len() < book + 20_200);
}

#[test]
fn a_function_called_from_two_places_is_the_same_bytes() {
    let mut code = [0x90; 40];
    code[3..8].copy_from_slice(&[0xe8, 12, 0, 0, 0]); // from 8 to 20
    code[10..15].copy_from_slice(&[0xe8, 5, 0, 0, 0]); // from 15 to 20
    code[30..35].copy_from_slice(&[0xe8, 0xf1, 0xff, 0xff, 0xff]); // from 35 to 20
    let before = code;
    calls::to_places(&mut code);
    for call in [3, 10, 30] {
        assert_eq!(code[call..call + 5], [0xe8, 0, 0, 0, 20]);
    }
    calls::to_distances(&mut code);
    assert_eq!(code, before);
}

#[test]
fn what_is_no_block_is_refused() {
    let packed = pack(&bytes(1000, 3), 0).bytes;
    for length in 0..packed.len() {
        assert_eq!(unpack(&mut packed[..length].to_vec(), 0, 0), None, "{length}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_unpacked(
        parts in prop::collection::vec((prop::collection::vec(prop_oneof![Just(0xe8), 0..4_u8, any::<u8>()], 0..40), 0..20_usize), 0..30),
        code in 0..=1000_usize,
    ) {
        let bytes: Vec<u8> = parts.iter().flat_map(|(part, times)| part.repeat(*times)).collect();
        let code = bytes.len() * code / 1000;
        prop_assert!(again(&bytes, code).is_some_and(|there| there == bytes));
    }

    #[test]
    fn any_block_is_unpacked_or_refused(mut memory in prop::collection::vec(any::<u8>(), 0..3000), from in 0..3000_usize) {
        let length = memory.len();
        if let Some(count) = unpack(&mut memory, from, 0) {
            prop_assert!(count <= length);
        }
    }
}
