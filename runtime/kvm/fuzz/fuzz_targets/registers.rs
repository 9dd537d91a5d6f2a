#![no_main]

#[allow(dead_code, reason = "each target uses its part of it")]
#[path = "../../tests/virtio/chaos.rs"]
mod chaos;
#[allow(dead_code, reason = "each target uses its part of it")]
#[path = "../../tests/virtio/fake/mod.rs"]
mod fake;
#[allow(dead_code, reason = "each target uses its part of it")]
#[path = "../../tests/virtio/link.rs"]
mod link;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    chaos::registers(bytes);
});
