//! Everything the jobs reach, each once.

use crate::key::Description;
use crate::node::{Handle, Node, Origin};
use crate::unikernel::Unikernel;

/// The devices, each after those it stands on, and the keys.
#[derive(Default)]
pub struct Listing {
    pub nodes: Vec<&'static Node>,
    pub keys: Vec<&'static Description>,
}

/// Lists what the logger and the jobs reach, in the order config.rs names it.
pub fn list(unikernel: &Unikernel) -> Listing {
    let mut listing = Listing::default();
    listing.add(unikernel.logger);
    for handle in unikernel.jobs.iter().flat_map(|job| &job.handles) {
        listing.add(*handle);
    }
    listing
}

impl Listing {
    /// A device's number.
    pub fn id(&self, handle: Handle) -> Option<usize> {
        self.nodes.iter().position(|node| std::ptr::eq(*node, handle.0))
    }

    fn add(&mut self, handle: Handle) {
        if self.id(handle).is_some() {
            return;
        }
        handle.0.below().for_each(|below| self.add(below));
        self.nodes.push(handle.0);
        if let Origin::Choice { key, .. } = handle.0.origin
            && !self.keys.iter().any(|known| known.same(key))
        {
            self.keys.push(key);
        }
    }
}

impl Description {
    /// Whether two keys are one: they say the same, wherever they were declared.
    pub fn same(&self, other: &Self) -> bool {
        let says = |key: &Self| {
            let Self { name, doc, flag, values, default, default_on, short_forms, declared: _ } = key.clone();
            (name, doc, flag, values, default, default_on, short_forms)
        };
        says(self) == says(other)
    }
}
