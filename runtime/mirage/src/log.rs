//! Logging: the filter `--logs` sets, and how a line looks.
//!
//! An application logs through the `log` crate, whose macros are re-exported here; a platform's logger
//! device installs the sink.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::str::FromStr;

pub use ::log::{Level, LevelFilter, Log, Metadata, Record, debug, error, info, trace, warn};

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
        let fitting = self.sources.iter().filter(|(prefix, _)| below(prefix));
        let limit = fitting.max_by_key(|(prefix, _)| prefix.len()).map_or(self.all, |&(_, limit)| limit);
        level <= limit
    }

    /// The most verbose level that anything has: what `log::set_max_level` wants.
    pub fn most(&self) -> LevelFilter {
        self.sources.iter().map(|&(_, limit)| limit).chain([self.all]).max().unwrap_or(self.all)
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
        let level = |text: &str| {
            text.parse::<LevelFilter>()
                .map_err(|_| format!("`{text}` is no level: off, error, warn, info, debug, trace"))
        };
        let mut filter = Self::default();
        for part in text.split(',') {
            match part.rsplit_once(':') {
                None => filter.all = level(part)?,
                Some(("", _)) => return Err(format!("`{part}` names no source before the colon")),
                Some((source, limit)) => {
                    let limit = level(limit)?;
                    filter.sources.retain(|(other, _)| other != source);
                    filter.sources.push((source.to_owned(), limit));
                }
            }
        }
        Ok(filter)
    }
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
            record.level().as_str().to_ascii_lowercase(),
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
        for character in text.chars() {
            if character.is_control() && character != '\t' {
                self.0.extend(character.escape_default().to_string().bytes());
            } else {
                self.0.extend(character.encode_utf8(&mut [0; 4]).bytes());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
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
    }

    #[test]
    fn a_line_is_one_line() {
        let mut out = Vec::new();
        line(&mut out, format_args!("a\tb\r\nPort 1: forged\u{1b}[2J é"));
        assert_eq!(out, "a\tb\\r\\nPort 1: forged\\u{1b}[2J é\n".as_bytes());
    }
}
