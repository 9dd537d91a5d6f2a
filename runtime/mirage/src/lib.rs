//! What a unikernel is written against: device traits, runtime arguments and logging.
//!
//! An application is an `async fn` over the traits of this crate, marked [`job`]; which implementation it gets is
//! said in `config.rs` and plumbed by the generated `main.rs`. Nothing here knows an operating system or a
//! hypervisor, and nothing here is a global except the sink of the `log` crate.
#![no_std]
#![forbid(unsafe_code)]
#![allow(async_fn_in_trait)] // single-threaded by design: no future here is ever `Send`

extern crate alloc;
extern crate self as mirage;

pub mod args;
pub mod device;
pub mod kind;
pub mod log;
pub mod meta;
pub mod plumbing;
mod text;
pub mod time;

pub use args::Args;
pub use device::*;
pub use mirage_derive::{Args, device, job, test};

#[doc(no_inline)]
pub use embedded_io_async as io;
#[doc(no_inline)]
pub use rand_core;
