//! Logging: the filter `--logs` sets, and how a line looks.
//!
//! An application logs through the `log` crate, whose macros are re-exported here; a platform's logger
//! device installs the sink.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::str::FromStr;

pub use ::log::{Level, LevelFilter, Log, Metadata, Record, debug, error, info, trace, warn};

use crate::text::{cut, cut_last, joined};
use crate::time::Instant;

/// What is logged: a level for everything, and others for single sources.
///
/// In text form `LEVEL|SOURCE:LEVEL,…`, as in `warn,knocking:debug`. A source is a module path; it means all modules
/// below it too, and of several that fit, the longest counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    all: LevelFilter,
    sources: Vec<(String, LevelFilter)>,
}

impl Filter {
    /// Whether a record of this source and level is let through.
    pub fn passes(&self, source: &str, level: Level) -> bool {
        let below =
            |prefix: &str| source.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        let (mut longest, mut limit) = (0, self.all);
        for (prefix, theirs) in &self.sources {
            if prefix.len() >= longest && below(prefix) {
                (longest, limit) = (prefix.len(), *theirs);
            }
        }
        level <= limit
    }

    /// The most verbose level that anything has: what `log::set_max_level` wants.
    pub fn most(&self) -> LevelFilter {
        self.sources.iter().fold(self.all, |most, (_, limit)| most.max(*limit))
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self { all: LevelFilter::Info, sources: Vec::new() }
    }
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut filter = Self::default();
        let mut rest = Some(text);
        while let Some(text) = rest {
            let (part, behind) = cut(text, b',').map_or((text, None), |(part, behind)| (part, Some(behind)));
            rest = behind;
            match cut_last(part, b':') {
                None => filter.all = level(part)?,
                Some(("", _)) => return Err(joined(&["`", part, "` names no source before the colon"])),
                Some((source, limit)) => {
                    let limit = level(limit)?;
                    match filter.sources.iter_mut().find(|(other, _)| other == source) {
                        Some((_, before)) => *before = limit,
                        None => filter.sources.push((source.to_owned(), limit)),
                    }
                }
            }
        }
        Ok(filter)
    }
}

/// Every level there is, by the name it has in a filter.
const LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::Off),
    ("error", LevelFilter::Error),
    ("warn", LevelFilter::Warn),
    ("info", LevelFilter::Info),
    ("debug", LevelFilter::Debug),
    ("trace", LevelFilter::Trace),
];

fn level(text: &str) -> Result<LevelFilter, String> {
    for (name, level) in &LEVELS {
        // Whatever the case: a letter, all of which are small in the names, differs by a bit.
        if name.len() == text.len() && name.bytes().zip(text.bytes()).all(|(name, byte)| name == byte | 0x20) {
            return Ok(*level);
        }
    }
    Err(joined(&["`", text, "` is no level: off, error, warn, info, debug, trace"]))
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.all.as_str().to_ascii_lowercase())?;
        self.sources
            .iter()
            .try_for_each(|(source, limit)| write!(f, ",{source}:{}", limit.as_str().to_ascii_lowercase()))
    }
}

/// Writes a record as a line: seconds since boot, level, source, message.
pub fn record(out: &mut Vec<u8>, now: Instant, record: &Record<'_>) {
    let milliseconds = now.as_nanos() / 1_000_000;
    let (seconds, milliseconds) = (milliseconds / 1000, milliseconds % 1000);
    line(
        out,
        format_args!(
            "[{seconds:5}.{milliseconds:03}] {:5} {}: {}",
            LEVELS.get(record.level() as usize).map_or("", |(name, _)| name),
            record.target(),
            record.args()
        ),
    );
}

/// Writes one line and its end. Control characters are written as escapes, so that what a peer sent cannot pass for
/// lines of its own or move an operator's cursor.
pub fn line(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    let mut writer = OneLine(out);
    // Writing to a vector cannot fail; a value that does not want to be displayed is cut short.
    let _ = writer.write_fmt(text);
    out.push(b'\n');
}

struct OneLine<'a>(&'a mut Vec<u8>);

impl fmt::Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let (bytes, mut written, mut before) = (text.as_bytes(), 0, 0);
        for (at, &byte) in bytes.iter().enumerate() {
            // Those from U+80 to U+9F are of two bytes, the first of which is this one.
            let (from, control) = match byte {
                b'\t' => continue,
                0x80..=0x9f if before == 0xc2 => (at - 1, true),
                _ => (at, byte < 0x20 || byte == 0x7f),
            };
            before = byte;
            if control {
                self.0.extend_from_slice(bytes.get(written..from).unwrap_or_default());
                written = at + 1;
                match byte {
                    b'\n' => self.0.extend_from_slice(b"\\n"),
                    b'\r' => self.0.extend_from_slice(b"\\r"),
                    _ => self.escape(byte),
                }
            }
        }
        self.0.extend_from_slice(bytes.get(written..).unwrap_or_default());
        Ok(())
    }
}

impl OneLine<'_> {
    /// A control character is numbered as the last byte of it is.
    fn escape(&mut self, character: u8) {
        let digit = |value: u8| b"0123456789abcdef"[usize::from(value % 16)];
        self.0.extend_from_slice(b"\\u{");
        if character >= 16 {
            self.0.push(digit(character / 16));
        }
        self.0.extend_from_slice(&[digit(character), b'}']);
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString as _;

    use super::*;

    fn filter(text: &str) -> Filter {
        text.parse().unwrap()
    }

    #[test]
    fn the_longest_source_counts() {
        let filter = filter("warn,http:debug,http::body:off");
        assert!(filter.passes("http", Level::Debug));
        assert!(filter.passes("http::head", Level::Debug));
        assert!(!filter.passes("http::body::chunk", Level::Error));
        assert!(!filter.passes("https", Level::Info));
        assert_eq!(filter.most(), LevelFilter::Debug);
        assert_eq!(filter.to_string(), "warn,http:debug,http::body:off");
    }

    #[test]
    fn a_later_entry_replaces_an_earlier() {
        assert_eq!(filter("info,a:debug,off,a:trace"), filter("off,a:trace"));
    }

    #[test]
    fn a_wrong_level_is_named() {
        assert!("loud".parse::<Filter>().unwrap_err().contains("`loud`"));
        assert!("a:".parse::<Filter>().is_err());
        assert!(":info".parse::<Filter>().is_err());
        assert!("".parse::<Filter>().is_err());
        assert_eq!(filter("Warn"), filter("warn"));
    }

    #[test]
    fn every_control_character_is_escaped_as_the_language_does() {
        for character in (0..0x180).filter_map(char::from_u32) {
            let mut out = Vec::new();
            line(&mut out, format_args!("a{character}b"));
            let plain = !character.is_control() || character == '\t';
            let middle = if plain { character.to_string() } else { character.escape_default().to_string() };
            assert_eq!(String::from_utf8(out).unwrap(), format!("a{middle}b\n"));
        }
    }

    #[test]
    fn a_line_is_one_line() {
        let mut out = Vec::new();
        line(&mut out, format_args!("a\tb\r\nPort 1: forged\u{1b}[2J é"));
        assert_eq!(out, "a\tb\\r\\nPort 1: forged\\u{1b}[2J é\n".as_bytes());
    }
}
