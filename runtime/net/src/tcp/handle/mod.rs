//! What applications hold.

mod flow;
mod listener;
mod reader;
mod writer;

pub use flow::Flow;
pub use listener::Listener;
pub use reader::Reader;
pub use writer::Writer;
