//! SHA-256, by which everything here is recognised again.

use std::fmt::Write;
use std::io;

use camino::Utf8Path;
use sha2::{Digest, Sha256};

/// The digest of some bytes, in hexadecimal.
pub fn of(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        _ = write!(text, "{byte:02x}"); // a String takes whatever is written
        text
    })
}

/// The digest of a file's bytes.
///
/// # Errors
/// When it cannot be read.
pub fn of_file(file: &Utf8Path) -> io::Result<String> {
    Ok(of(std::fs::read(file)?))
}
