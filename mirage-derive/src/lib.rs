//! The macros of Mirage. Each is a folder: what it is called with is parsed and checked in `parse.rs`, what it stands
//! for is written in `expand.rs`.
//!
//! What a user wrote is always passed on, also when it is wrong, and everything wrong with it is said at once: one
//! message a mistake, at the place of the mistake, with what to do.
#![forbid(unsafe_code)]

mod args;
mod device;
mod job;
mod mistakes;
mod plumb;
mod test;

use proc_macro::TokenStream;

/// Makes an `async fn` a job that config.rs can plumb with `job!`.
///
/// The function stays as it is. Beside it, under the same name but among the types, comes what config.rs checks its
/// handles against. Its parameters are the devices it wants, each by value: `console: impl Console`, a generic
/// parameter bounded by a device trait, or a struct of arguments. It returns `()` or a `Result` of it.
#[proc_macro_attribute]
pub fn job(attribute: TokenStream, item: TokenStream) -> TokenStream {
    job::job(attribute.into(), item.into()).into()
}

/// Plumbs a job in config.rs: `job!(knocking::start(console, stack))`.
///
/// It reads as a call of the job with handles in place of devices, and is checked as one: a handle of another kind, a
/// wrong order or a wrong count is an error at the argument. Nothing is called.
#[proc_macro]
pub fn plumb(call: TokenStream) -> TokenStream {
    plumb::plumb(call.into()).into()
}

/// Makes a trait a kind of device, which config.rs can have handles to.
///
/// Beside `trait Sensor` comes the kind `SensorKind` (`#[mirage::device(kind = Name)]` calls it otherwise), an empty
/// enum that implements the trait. An associated type of the kind is `Infallible`; `#[kind(Path)]` on it says another.
/// `#[mirage::device(unshared)]` has config.rs refuse to plumb one instance into two places.
#[proc_macro_attribute]
pub fn device(attribute: TokenStream, item: TokenStream) -> TokenStream {
    device::device(attribute.into(), item.into()).into()
}

/// Makes a struct a set of runtime arguments, one a field.
///
/// `bool` is a flag, `Option<T>` may be left out, `Vec<T>` may be given several times, and anything else must be given
/// unless `#[arg(default = "…")]` stands on it. The doc comment is its line of `--help`; `#[arg(name = "…")]` and
/// `#[arg(value = "…")]` change its name and what stands for its value there. `#[args(path = "…")]` on the struct says
/// by which path main.rs reaches it when its module is private.
#[proc_macro_derive(Args, attributes(arg, args))]
pub fn args(item: TokenStream) -> TokenStream {
    args::args(item.into()).into()
}

/// Runs an `async fn` as a test on in-memory devices and virtual time: `async fn knocks(world: World)`.
///
/// `#[mirage::test(seed = 7)]` fixes the seed of everything random in it.
#[proc_macro_attribute]
pub fn test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    test::test(attribute.into(), item.into()).into()
}
