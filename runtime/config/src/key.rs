//! Configure keys: options of `mirage configure` that choose between devices.

use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::Location;

use mirage::meta::Kind;

use crate::device::Target;
use crate::node::{Impl, Node, Origin};

/// A configure key, an option of `mirage configure`. Copies are the same key.
///
/// Its value is not there to be looked at: config.rs describes every branch, with [`if_impl`] and [`match_impl`].
pub struct Key<V> {
    pub(crate) description: &'static Description,
    values: PhantomData<V>,
}

impl<V> Clone for Key<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Key<V> {}

/// The values of a key that is on or off.
pub enum Flag {}

/// The values of a key that is one of several words.
pub enum OneOf {}

#[derive(Clone)]
pub(crate) struct Description {
    pub name: &'static str,
    pub doc: &'static str,
    pub flag: bool,
    pub values: Vec<(&'static str, &'static str)>,
    pub default: &'static str,
    pub default_on: Vec<(Target, &'static str)>,
    pub short_forms: Vec<(&'static str, &'static str)>,
    pub declared: &'static Location<'static>,
}

/// A key that is off unless `--name` is given.
#[track_caller]
pub fn flag(name: &'static str, doc: &'static str) -> Key<Flag> {
    key(Description {
        name,
        doc,
        flag: true,
        values: vec![("false", ""), ("true", "")],
        default: "false",
        default_on: Vec::new(),
        short_forms: Vec::new(),
        declared: Location::caller(),
    })
}

/// A key with several values, each with what it means; the first is the default.
#[track_caller]
pub fn choice<const N: usize>(
    name: &'static str,
    doc: &'static str,
    values: [(&'static str, &'static str); N],
) -> Key<OneOf> {
    key(Description {
        name,
        doc,
        flag: false,
        default: values.first().map_or("", |(value, _)| value),
        values: values.to_vec(),
        default_on: Vec::new(),
        short_forms: Vec::new(),
        declared: Location::caller(),
    })
}

/// The target as a key: `unix`, `kvm` or `xen`, as `-t` says.
#[track_caller]
pub fn target() -> Key<OneOf> {
    choice("target", "What the image runs on", Target::ALL.map(|target| (target.name(), "")))
}

fn key<V>(description: Description) -> Key<V> {
    Key { description: Box::leak(Box::new(description)), values: PhantomData }
}

impl Key<OneOf> {
    /// Changes the default.
    #[must_use]
    pub fn default(self, value: &'static str) -> Self {
        key(Description { default: value, ..self.description.clone() })
    }

    /// Changes the default on one target.
    #[must_use]
    pub fn default_on(self, target: Target, value: &'static str) -> Self {
        let mut description = self.description.clone();
        description.default_on.push((target, value));
        key(description)
    }

    /// Adds an option that is short for a value: with `("dhcp", "dhcp")` on the key `ip`, `--dhcp` is `--ip dhcp`.
    #[must_use]
    pub fn short_form(self, option: &'static str, value: &'static str) -> Self {
        let mut description = self.description.clone();
        description.short_forms.push((option, value));
        key(description)
    }
}

/// What a key's value chooses by: a `bool` or a word.
pub trait Chooses<V> {
    /// The value as on the command line.
    fn value(self) -> String;
}

impl Chooses<Flag> for bool {
    fn value(self) -> String {
        self.to_string()
    }
}

impl Chooses<OneOf> for &str {
    fn value(self) -> String {
        self.to_owned()
    }
}

impl Chooses<OneOf> for Target {
    fn value(self) -> String {
        self.name().to_owned()
    }
}

/// `then` if the flag is given, `otherwise` if not.
#[track_caller]
pub fn if_impl<K: Kind>(key: Key<Flag>, then: Impl<K>, otherwise: Impl<K>) -> Impl<K> {
    match_impl(key, [(true, then), (false, otherwise)])
}

/// The device for the key's value; every value has one.
#[track_caller]
pub fn match_impl<V, C: Chooses<V>, K: Kind, const N: usize>(key: Key<V>, arms: [(C, Impl<K>); N]) -> Impl<K> {
    let arms = arms.into_iter().map(|(value, handle)| (value.value(), handle.erase())).collect();
    Impl::new(Node {
        name: "choice",
        kind: K::NAME,
        shared: K::SHARED,
        doc: "",
        declared: Location::caller(),
        prefix: Cell::new(""),
        origin: Origin::Choice { key: key.description, arms },
    })
}
