//! Split virtqueues (virtio 1.2 section 2.7): buffers that go to a device and come back.
//!
//! What is where is `layout`'s; `shadow` is what the driver knows of the buffers that a device has, in memory of its
//! own; `split` is the queue.

mod layout;
mod shadow;
mod split;

pub use layout::Layout;
pub use split::{Queue, Span, Used};
