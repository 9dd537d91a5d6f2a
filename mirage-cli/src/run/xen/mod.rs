//! An image as a domain of Xen's: by `xl` where there is a Xen, and elsewhere in a lab that has one.
//!
//! ```text
//! plan, options ──prepare──▶ arguments, memory, networks ──▶ image::xl::Domain ──host, lab──▶ xl create ──ended──▶ a status
//! ```

mod ended;
mod host;
pub mod lab;
mod prepare;
mod start;

pub use host::missing;
pub use start::{Lab, dry_run, run};

use crate::run::machine::installed;
