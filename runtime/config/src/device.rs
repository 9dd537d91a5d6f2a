//! Describing a device: what the catalogue does, and what a user does for a device of one's own.

use std::cell::Cell;
use std::panic::Location;

use mirage::Args;
use mirage::meta::Kind;

use crate::node::{Arguments, Handle, Impl, Implementation, Node, Origin};

/// What an image runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A Linux process.
    Unix,
    /// A virtual machine started by QEMU, Firecracker or Cloud Hypervisor.
    Kvm,
    /// A Xen PVH domain.
    Xen,
}

impl Target {
    /// All targets.
    pub const ALL: [Self; 3] = [Self::Unix, Self::Kvm, Self::Xen];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::Kvm => "kvm",
            Self::Xen => "xen",
        }
    }
}

/// One target or several: `Target::Unix`, `[Target::Kvm, Target::Xen]`.
pub trait Targets {
    /// The targets.
    fn targets(self) -> Vec<Target>;
}

impl Targets for Target {
    fn targets(self) -> Vec<Target> {
        vec![self]
    }
}

impl<const N: usize> Targets for [Target; N] {
    fn targets(self) -> Vec<Target> {
        self.to_vec()
    }
}

/// Begins the description of a device. `name` is in snake case; its instances are numbered, `sensor` gives `sensor1`.
///
/// ```
/// use mirage_config::prelude::*;
///
/// #[mirage::device]
/// pub trait Sensor: Clone + 'static {
///     async fn read(&self) -> f32;
/// }
///
/// #[track_caller]
/// fn sensor(clock: Impl<mirage::kind::Clock>) -> Impl<SensorKind> {
///     device("sensor").doc("A thermometer").on(Target::Unix, "weather::Simulated").over(clock).provide()
/// }
/// ```
#[track_caller]
pub fn device(name: &'static str) -> Device {
    Device {
        name,
        doc: "",
        declared: Location::caller(),
        implementations: Vec::new(),
        over: Vec::new(),
        arguments: None,
        needs: Vec::new(),
    }
}

/// A device being described.
///
/// Its implementation is a Rust type with a function `async fn connect(…) -> Result<Self, impl Display>`. The devices
/// it is applied to are its type parameters, in order, and the parameters of `connect`, in order; a platform's type
/// takes `&Platform` before them, and one with runtime arguments takes those after them.
#[must_use = "a device is there once it is provided: `.provide()`"]
pub struct Device {
    name: &'static str,
    doc: &'static str,
    declared: &'static Location<'static>,
    implementations: Vec<(Target, Implementation)>,
    over: Vec<Handle>,
    arguments: Option<Arguments>,
    needs: Vec<&'static str>,
}

impl Device {
    /// Says what it is, in one line.
    pub fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// Says which type implements it on some targets: a path that begins with the name of its library. Its `connect`
    /// takes the platform first.
    pub fn on(self, targets: impl Targets, path: &'static str) -> Self {
        self.implemented(targets.targets(), Implementation { path, platform: true })
    }

    /// Says which type implements it on every target; its `connect` takes no platform.
    pub fn everywhere(self, path: &'static str) -> Self {
        self.implemented(Target::ALL.to_vec(), Implementation { path, platform: false })
    }

    fn implemented(mut self, targets: Vec<Target>, implementation: Implementation) -> Self {
        // The later call is the more particular one: `.everywhere(a).on(Kvm, b)`.
        self.implementations.retain(|(target, _)| !targets.contains(target));
        self.implementations.extend(targets.into_iter().map(|target| (target, implementation)));
        self
    }

    /// Applies it to another device.
    pub fn over<K: Kind>(mut self, below: Impl<K>) -> Self {
        self.over.push(below.erase());
        self
    }

    /// Gives it runtime arguments.
    pub fn arguments<T: Args>(mut self) -> Self {
        self.arguments = Some(Arguments { path: T::PATH, list: T::ARGUMENTS, on: Target::ALL.to_vec() });
        self
    }

    /// Gives it runtime arguments on some targets, which it is told of otherwise, or not at all, on the others.
    pub fn arguments_on<T: Args>(mut self, targets: impl Targets) -> Self {
        self.arguments = Some(Arguments { path: T::PATH, list: T::ARGUMENTS, on: targets.targets() });
        self
    }

    /// Says that it needs a crate besides those of its types' paths, by the name of its library.
    pub fn needs(mut self, library: &'static str) -> Self {
        self.needs.push(library);
        self
    }

    /// Ends the description with what it provides.
    pub fn provide<K: Kind>(self) -> Impl<K> {
        let Self { name, doc, declared, mut implementations, over, arguments, needs } = self;
        implementations.sort_by_key(|&(target, _)| target);
        let origin = Origin::Built { implementations, over, arguments, needs };
        Impl::new(Node { name, kind: K::NAME, shared: K::SHARED, doc, declared, prefix: Cell::new(""), origin })
    }
}
