//! The logger: where what is said through the `log` crate goes.

/// Holds the `log` crate's sink: connecting one is what turns logging on.
///
/// An application does not call it; it uses `log::info!` and its siblings. See [`crate::log`] for the filter.
#[diagnostic::on_unimplemented(message = "a logger is wanted here, but this is a `{Self}`", label = "not a logger")]
pub trait Logger: Clone + 'static {}
