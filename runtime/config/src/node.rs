//! Nodes of the graph, and the handles config.rs holds them by.

use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::Location;

use mirage::args::Argument;
use mirage::meta::Kind;

use crate::device::Target;
use crate::key::Description;

/// A handle to a device that provides a `K`: cheap to copy, and every copy is the same device.
pub struct Impl<K> {
    pub(crate) node: &'static Node,
    kind: PhantomData<fn() -> K>,
}

impl<K> Clone for Impl<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Impl<K> {}

impl<K: Kind> Impl<K> {
    /// A handle to a new node, which lives as long as the program: config.rs describes once and ends.
    pub(crate) fn new(node: Node) -> Self {
        Self::of(Box::leak(Box::new(node)))
    }

    /// A handle to a node that provides a `K`.
    pub(crate) fn of(node: &'static Node) -> Self {
        Self { node, kind: PhantomData }
    }

    /// Puts `prefix` and a dash before the names of this device's runtime arguments, and of those of the devices it
    /// stands on that have no prefix yet, so that there can be two of it: with `dmz`, `--listen` is `--dmz-listen`.
    #[must_use]
    pub fn prefix(self, prefix: &'static str) -> Self {
        fn set_below(node: &Node, prefix: &'static str) {
            for Handle(below) in node.below() {
                if below.prefix.get().is_empty() {
                    below.prefix.set(prefix);
                    set_below(below, prefix);
                }
            }
        }
        self.node.prefix.set(prefix);
        set_below(self.node, prefix);
        self
    }

    /// The same device, its kind forgotten.
    pub fn erase(self) -> Handle {
        Handle(self.node)
    }
}

/// A handle to a device of some kind.
#[derive(Clone, Copy)]
pub struct Handle(pub(crate) &'static Node);

/// A device, or a choice between devices. Its identity is its address.
pub(crate) struct Node {
    pub name: &'static str,
    pub kind: &'static str,
    pub shared: bool,
    pub doc: &'static str,
    pub declared: &'static Location<'static>,
    pub prefix: Cell<&'static str>,
    pub origin: Origin,
}

/// How a device comes to be.
pub(crate) enum Origin {
    Built {
        implementations: Vec<(Target, Implementation)>,
        over: Vec<Handle>,
        arguments: Option<Arguments>,
        needs: Vec<&'static str>,
    },
    Choice {
        key: &'static Description,
        arms: Vec<(String, Handle)>,
    },
    Arguments(&'static [Argument]),
}

/// The Rust type that implements a device.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Implementation {
    pub path: &'static str,
    pub platform: bool,
}

/// The struct of runtime arguments a device takes.
#[derive(Clone)]
pub(crate) struct Arguments {
    pub path: &'static str,
    pub list: &'static [Argument],
    /// The targets on which it takes them.
    pub on: Vec<Target>,
}

impl Node {
    /// The devices this one stands on: what it is applied to, or all it may turn out to be.
    pub fn below(&self) -> impl Iterator<Item = Handle> {
        let (over, arms) = match &self.origin {
            Origin::Built { over, .. } => (over.as_slice(), &[][..]),
            Origin::Choice { arms, .. } => (&[][..], arms.as_slice()),
            Origin::Arguments(_) => (&[][..], &[][..]),
        };
        over.iter().copied().chain(arms.iter().map(|&(_, handle)| handle))
    }
}
