//! `mirage`: configures, builds and runs unikernels.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    mirage_cli::cli::main(std::env::args_os().collect())
}
