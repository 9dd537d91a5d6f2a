//! What may be called what.

/// Words of Rust that cannot be names of crates, variables or types.
const RESERVED: [&str; 53] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "test",
];

/// Options of `mirage` itself, which a key cannot take.
const OPTIONS: [&str; 29] = [
    "accel",
    "color",
    "config",
    "debug",
    "dry-run",
    "format",
    "gdb",
    "help",
    "job",
    "kvm",
    "locked",
    "machine",
    "memory",
    "monitor",
    "netns",
    "network",
    "offline",
    "pcap",
    "profile",
    "publish",
    "quiet",
    "release",
    "tap-address",
    "target",
    "timeout",
    "unix",
    "verbose",
    "version",
    "xen",
];

/// Why a device cannot be called so, if it cannot.
pub fn device(name: &str) -> Option<&'static str> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(letters) {
        Some("a device's name is in snake case: lower-case letters, digits and `_`, a letter first")
    } else if name.ends_with('_') {
        Some("a device's name does not end in `_`: its instances are numbered")
    } else {
        None
    }
}

/// Why a key or one of its short forms cannot be called so, if it cannot.
pub fn key(name: &str) -> Option<&'static str> {
    if !dashed(name) {
        Some("a key's name is lower-case letters, digits and `-`, a letter first")
    } else if OPTIONS.contains(&name) {
        Some("that is an option of `mirage` itself")
    } else {
        None
    }
}

/// Why a unikernel cannot be called so, if it cannot.
pub fn unikernel(name: &str) -> Option<&'static str> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(letters) {
        Some("a unikernel's name is lower-case letters, digits, `-` and `_`, a letter first: its image is called so")
    } else if RESERVED.contains(&name) {
        Some("that is a word of Rust's")
    } else if name.len() > 64 {
        Some("a unikernel's name has 64 letters at most")
    } else {
        None
    }
}

/// Lower-case letters, digits and dashes, a letter first.
pub fn dashed(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(letters)
}
