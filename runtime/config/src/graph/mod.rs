//! The graph: what the jobs reach, what is wrong with it, and how it is written down.

mod check;
mod json;
mod listing;
mod names;
mod place;
mod write;

use crate::unikernel::Unikernel;

/// The graph as JSON; the schema is `mirage-cli/src/graph/mod.rs`.
pub fn json(unikernel: &Unikernel) -> String {
    let listing = listing::list(unikernel);
    let problems = check::problems(unikernel, &listing);
    write::write(unikernel, &listing, &problems)
}
