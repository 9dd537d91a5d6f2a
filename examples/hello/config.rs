use mirage_config::prelude::*;

fn main() -> Unikernel {
    let (console, time) = (default_console(), default_time());
    unikernel("hello")
        .about("Say hello, four times")
        .job(job!(hello::start(console, time)))
}
