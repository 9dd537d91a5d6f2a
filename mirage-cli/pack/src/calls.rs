//! Calls by where they go: two calls of one function are the same bytes then.

/// `call rel32`.
const CALL: u8 = 0xe8;
/// What of it says where to.
const OPERAND: usize = 4;

/// Writes where each call in `code` goes into it, the highest byte first.
pub fn to_places(code: &mut [u8]) {
    each(code, |operand, from, length| {
        let relative = i32::from_le_bytes(operand);
        // What goes out of the code takes the numbers that this leaves: none is lost, so that it can be undone.
        let place = if (-from..length - from).contains(&relative) {
            relative + from
        } else if (length - from..length).contains(&relative) {
            relative - length
        } else {
            relative
        };
        place.to_be_bytes()
    });
}

/// What `to_places` has made of code, as it was.
pub fn to_distances(code: &mut [u8]) {
    each(code, |operand, from, length| {
        let place = i32::from_be_bytes(operand);
        let relative = if (0..length).contains(&place) {
            place - from
        } else if (-from..0).contains(&place) {
            place + length
        } else {
            place
        };
        relative.to_le_bytes()
    });
}

/// Changes what follows each byte that may be a call's. The change is told where the next instruction is, and how much code
/// there is.
fn each(code: &mut [u8], change: impl Fn([u8; OPERAND], i32, i32) -> [u8; OPERAND]) {
    let length = code.len() as i32;
    let mut at = 0;
    while let Some(found) = code[at..].iter().position(|&byte| byte == CALL) {
        at += found + 1;
        let Some(operand) = code[at..].first_chunk_mut::<OPERAND>() else { return };
        at += OPERAND;
        *operand = change(*operand, at as i32, length);
    }
}
