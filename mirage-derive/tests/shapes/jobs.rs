//! Shapes of jobs that work, each plumbed as config.rs would.
#![deny(warnings)]

use mirage_config::prelude::*;

pub mod app {
    use mirage::{Clock, Console, Random, Stack, Tcp, Time};

    /// Arguments.
    #[derive(mirage::Args)]
    pub struct Options {
        /// Listen here
        #[arg(default = "80")]
        pub port: u16,
    }

    /// Says something.
    #[mirage::job]
    pub async fn plain(console: impl Console, stack: impl Stack) -> Result<(), String> {
        let _ = (console, stack);
        Ok(())
    }

    #[mirage::job]
    pub async fn generic<C: Console, T>(_: C, mut time: T) -> Result<(), T::Strange>
    where
        T: super::Strange + Time,
    {
        time.odd();
        Ok(())
    }

    #[mirage::job]
    pub async fn equal<T: Tcp, S: Stack<Tcp = T>>(_: S, _: T) {}

    #[mirage::job]
    pub async fn arguments(_: impl Random, options: Options) {
        let _ = options.port;
    }

    #[mirage::job]
    pub async fn nothing() {}

    #[mirage::job]
    pub async fn never(_: impl Clock) -> ! {
        core::future::pending().await
    }

    #[cfg(any())]
    #[mirage::job]
    pub async fn left_out(_: impl Missing) {}

    #[mirage::job]
    #[cfg(any())]
    pub async fn left_out_too(_: impl Missing) {}

    pub mod deep {
        #[mirage::job]
        pub async fn inner(_: impl mirage::Console) {}
    }

    pub use deep::inner as renamed;
}

pub trait Strange {
    type Strange: std::fmt::Display;
    fn odd(&mut self);
}

impl Strange for mirage::kind::Time {
    type Strange = String;
    fn odd(&mut self) {
        match *self {}
    }
}

fn describe() -> Unikernel {
    use app::nothing;

    let (console, time) = (default_console(), default_time());
    let stack = generic_stack(default_network());
    unikernel("shapes")
        .job(job!(app::plain(console, stack)))
        .job(job!(app::generic(console, time)))
        .job(job!(app::equal(stack, tcp_of(stack))))
        .job(job!(app::arguments(default_random(), args())))
        .job(job!(nothing()))
        .job(job!(crate::app::never(default_clock())))
        .job(job!(app::deep::inner(console)))
        .job(job!(app::renamed(if_impl(flag("other", "Another"), console, default_console()))))
}

fn main() {
    let json = describe().to_json();
    assert!(json.contains("\"problems\":[]"), "{json}");
    for path in ["app::plain", "app::arguments", "nothing", "crate::app::never", "app::deep::inner", "app::renamed"] {
        assert!(json.contains(&format!("\"path\":\"{path}\"")), "{path} in {json}");
    }
    // The function stays an ordinary one.
    drop(app::nothing());
}
