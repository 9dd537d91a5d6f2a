//! Driving the tool and the images it makes from outside, as a user does.
//!
//! Every test has folders of its own and leaves nothing behind. What cargo compiles goes into one target folder for all
//! of them, so that the runtime is compiled once; projects that are built are therefore called by different names.

mod bulk;
mod command;
mod direct;
mod dnsmasq;
mod machine;
pub mod peer;
mod port;
mod project;
pub mod sealing;
mod site;
mod space;
mod unikernel;
pub mod xen;

pub use bulk::{pattern, receive_all, send_all};
pub use command::{Outcome, mirage, root, target, tool};
pub use direct::Direct;
pub use dnsmasq::Dnsmasq;
pub use machine::{Ended, Machine, accelerators};
pub use port::{free_port, free_ports};
pub use project::Project;
pub use site::site;
pub use space::Space;
pub use unikernel::{Unikernel, get, send};

/// Says that something cannot be tested here, in a line that cannot be overlooked.
pub fn skip(what: &str, why: &str) {
    eprintln!("skipped: {what}: {why}");
}

/// Whether a program is there.
pub fn have(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}
