//! A parsed command line.
pub struct Matches<'a>(core::marker::PhantomData<&'a ()>);
/// What a command line asks for.
pub enum Request<'a> {
    /// Run.
    Run(Matches<'a>),
    /// Help.
    Help,
}
