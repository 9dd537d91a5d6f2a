use mirage_config::prelude::*;

fn main() -> Unikernel {
    let stack = generic_stack(default_network());
    let (time, spawn) = (default_time(), default_spawn());
    unikernel("http")
        .about("Serve a page")
        .job(job!(http::start(tcp_of(stack), time, spawn, args())))
}
