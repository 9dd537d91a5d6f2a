//! The console: where a unikernel's operator reads and types.

use alloc::vec::Vec;
use core::fmt::Display;

/// A byte stream to and from the operator.
#[diagnostic::on_unimplemented(message = "a console is wanted here, but this is a `{Self}`", label = "not a console")]
pub trait Console: Clone + 'static {
    /// What can go wrong: a closed terminal, a full pipe's reader gone.
    type Error: Display + 'static;

    /// Writes all of `bytes`.
    async fn write(&self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Reads what has been typed, at least one byte and at most `buffer.len()`; 0 means nothing more will come.
    async fn read(&self, buffer: &mut [u8]) -> Result<usize, Self::Error>;

    /// Writes one line, in one piece. A console that fails loses the line: a log is not worth a crash.
    async fn log(&self, line: impl Display) {
        let mut text = Vec::new();
        crate::log::line(&mut text, format_args!("{line}"));
        let _ = self.write(&text).await;
    }
}
