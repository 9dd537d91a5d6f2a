use mirage_config::prelude::*;

fn main() {
    let fast = flag("fast", "Hurry");
    if_impl(fast, default_console(), default_time());
}
