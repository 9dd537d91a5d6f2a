#![no_main]

#[path = "../../tests/frames/mod.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check::frames(bytes);
});
