//! What the unikernel is told at boot.

use alloc::vec::Vec;

use mirage::args::Seconds;

use crate::Site;

/// What the unikernel is told at boot.
#[derive(mirage::Args, Clone, Debug)]
#[args(path = "knocking::Options")]
pub struct Options {
    /// Serve HTTP on this port
    #[arg(value = "PORT", default = "80")]
    pub http_port: u16,
    /// Take control requests on this port, and knocks on the 256 after it
    #[arg(value = "PORT", default = "32000")]
    pub control_port: u16,
    /// Show HOST to those who knocked on these ports, counted from the control port
    #[arg(value = "1,2=HOST[:PORT]")]
    pub site: Vec<Site>,
    /// Wait for a slow peer at most this long
    #[arg(value = "SECONDS", default = "10")]
    pub timeout: Seconds,
}
