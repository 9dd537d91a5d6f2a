use mirage_config::prelude::*;

mod app {
    use mirage::{Console, Stack};

    #[derive(mirage::Args)]
    pub struct Options {
        /// Listen here
        pub port: u16,
    }

    #[mirage::job]
    pub async fn start(console: impl Console, stack: impl Stack) {
        let _ = (console, stack);
    }

    #[mirage::job]
    pub async fn with_options(options: Options) {
        let _ = options.port;
    }

    pub async fn helper(console: impl Console) {
        let _ = console;
    }
}

fn main() -> Unikernel {
    let console = default_console();
    let stack = generic_stack(default_network());
    unikernel("app").job(job!(app::with_options(console)))
}
