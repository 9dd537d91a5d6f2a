#![no_main]

#[allow(dead_code, reason = "each target uses its part of it")]
#[path = "../../tests/names/mod.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check::dhcp(bytes);
});
