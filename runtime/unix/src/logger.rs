//! Logging to standard error.

use std::io::Write as _;
use std::time;

use mirage::Args as _;
use mirage::args::{ArgsError, Boot};
use mirage::log::{self, Filter, Log, Metadata, Record};
use mirage::time::Instant;

use crate::Platform;

/// Writes what passes `--logs` to standard error, a line a write.
#[derive(Clone)]
pub struct Logger(());

impl Logger {
    /// Installs the sink.
    ///
    /// # Errors
    /// When `--logs` cannot be read.
    pub async fn connect(platform: &Platform) -> Result<Self, ArgsError> {
        let filter = Boot::from_matches(platform.arguments(Platform::BOOT)).map_err(|error| *error)?.logs;
        let most = filter.most();
        // A second logger of the same process changes nothing: the first one's filter stands.
        if ::log::set_boxed_logger(Box::new(Sink { filter, start: platform.start() })).is_ok() {
            ::log::set_max_level(most);
        }
        Ok(Self(()))
    }
}

impl mirage::Logger for Logger {}

struct Sink {
    filter: Filter,
    start: time::Instant,
}

impl Log for Sink {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.filter.passes(metadata.target(), metadata.level())
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let now = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let mut line = Vec::with_capacity(128);
            log::record(&mut line, Instant::from_nanos(now), record);
            // A log that nobody takes is lost.
            let _ = std::io::stderr().write_all(&line);
        }
    }

    fn flush(&self) {}
}
