use mirage_config::prelude::*;

fn main() -> Unikernel {
    let console = default_console();
    let stack = generic_stack(default_network());
    let resolver = default_resolver(stack);
    let (time, spawn) = (default_time(), default_spawn());
    let start = job!(knocking::start(
        console,
        stack,
        resolver,
        time,
        spawn,
        args()
    ));
    unikernel("knocking")
        .about("Knock on the right ports, and be shown another site")
        .job(start)
}
