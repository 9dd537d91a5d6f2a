//! What failed for want of rights, with the commands that give them.

use std::ffi::{OsStr, OsString};

use super::setup::Setup;
use crate::error::Error;

/// Whether a command failed for want of rights.
pub fn lacks_rights(error: &Error) -> bool {
    let said = error.detail.as_deref().unwrap_or_default();
    ["not permitted", "ermission denied"].iter().any(|words| said.contains(words))
}

/// The error of someone who may not make tap devices. With `own` they are told how to have one of their own: these
/// words are what names it to us the next time.
pub fn rights(error: Error, setup: &Setup, own: Option<&[OsString]>) -> Error {
    let called: Vec<OsString> = std::env::args_os().collect();
    let again = mirage::args::join(called.iter().map(|word| word.to_string_lossy()));
    let error = Error { message: format!("a tap device takes rights that are not there: {error}"), ..error };
    let error = error.hint(format!("as root: `sudo env \"PATH=$PATH\" {again}`"));
    let Some(own) = own else { return error };
    // With a device of one's own nobody needs to be root again.
    let steps = setup.steps.iter().map(|step| {
        let user: &[&str] = if step.undo.is_some() { &["user", "$USER"] } else { &[] };
        let words = step.words.iter().map(String::as_str).chain(user.iter().copied());
        format!("sudo {}", words.collect::<Vec<_>>().join(" "))
    });
    let steps = steps.collect::<Vec<_>>().join(" && ");
    let separator = if called.iter().any(|word| word == OsStr::new("--")) { "" } else { " --" };
    let own: String = own.iter().map(|word| format!(" {}", word.to_string_lossy())).collect();
    let words = mirage::args::join(setup.words.iter().map(|word| word.to_string_lossy()));
    error.hint(format!("or once: `{steps}`, and from then on: `{again}{own}{separator} {words}`"))
}
