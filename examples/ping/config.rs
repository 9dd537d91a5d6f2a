use mirage_config::prelude::*;

fn main() -> Unikernel {
    // The layers of a stack, up to where packets are.
    let ethernet = ethernet(default_network());
    let ipv4 = ipv4(ethernet, arp(ethernet));
    let address = default_address(ipv4, udp(ipv4));
    let ip = addressed(dual(ipv4, ipv6(ethernet)), address);

    let (console, clock, time) = (default_console(), default_clock(), default_time());
    unikernel("ping")
        .about("Ask a host whether it is there, and how far away")
        .job(job!(ping::start(
            console,
            ip,
            clock,
            time,
            default_random(),
            args()
        )))
}
