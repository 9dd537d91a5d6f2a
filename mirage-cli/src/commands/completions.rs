//! `mirage completions`.

use clap_complete::Shell;

use super::print;
use crate::cli::command;
use crate::error::Error;

/// Prints a shell's completions.
pub fn completions(shell: Shell) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "mirage", &mut script);
    print(script)
}
