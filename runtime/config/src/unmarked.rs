//! What stands in for a function that `job!` is given but that is no job, so that rustc has one thing to say about it.
//!
//! `job!` imports the job as `__mirage_job`, and [`stand_in`] in a block around it. A job brings a type of its own and
//! hides [`NotMarkedAsJob`]; a mere function does not; and for a name there is not, rustc hides both.
#![doc(hidden)]

/// A function without `#[mirage::job]`.
pub enum NotMarkedAsJob {}

/// What `job!` imports all of, in a block around the one it imports the job in.
pub mod stand_in {
    pub use super::NotMarkedAsJob as __mirage_job;
}

macro_rules! arities {
    ($($name:ident($($parameter:ident)*);)*) => {$(
        /// Gives [`NotMarkedAsJob`] a constructor of this many parameters.
        pub trait $name {
            /// Never called.
            #[allow(clippy::too_many_arguments)]
            fn job<$($parameter),*>($(_: $parameter),*) {}
        }

        impl $name for NotMarkedAsJob {}
    )*};
}

arities! {
    Arity0();
    Arity1(A);
    Arity2(A B);
    Arity3(A B C);
    Arity4(A B C D);
    Arity5(A B C D E);
    Arity6(A B C D E F);
    Arity7(A B C D E F G);
    Arity8(A B C D E F G H);
    Arity9(A B C D E F G H I);
    Arity10(A B C D E F G H I J);
    Arity11(A B C D E F G H I J K);
    Arity12(A B C D E F G H I J K L);
}
