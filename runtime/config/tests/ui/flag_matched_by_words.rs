use mirage_config::prelude::*;

fn main() {
    let fast = flag("fast", "Hurry");
    match_impl(fast, [("yes", default_console()), ("no", default_console())]);
}
