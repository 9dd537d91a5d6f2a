use mirage_config::prelude::*;

fn main() {
    let console = default_console();
    direct_stack(console);
}
