//! Requests and responses out of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mirage_http::exercise::messages(bytes);
});
