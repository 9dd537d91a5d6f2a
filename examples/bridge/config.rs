use mirage_config::prelude::*;

fn main() -> Unikernel {
    // Each interface has arguments of its own: `--left-interface`, `--right-interface`.
    let (left, right) = (default_network().prefix("left"), network().prefix("right"));
    unikernel("bridge")
        .about("Carry frames between two networks")
        .job(job!(bridge::start(default_console(), left, right)))
}
