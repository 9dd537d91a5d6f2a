//! Values from text.
pub trait FromArg: Sized {}
/// Seconds.
pub struct Seconds;
