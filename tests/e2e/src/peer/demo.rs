//! The demo of the talk.

use std::io::Read as _;

use crate::{Direct, Space, get};

/// Two knocks, and a site whose name nobody resolves.
pub fn the_demo_of_the_talk(knocking: &Direct) {
    let Some(space) = Space::new("the knocking demo over a tap") else { return };
    let mut unikernel = knocking.boot_static(&space);
    unikernel.wait_for("Port Knocking Proxy Unikernel booted!");
    let page = space.within(|| get(&["-i", "http://10.0.0.2/"])).expect("a page");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("Hello from a unikernel!"), "{page}");
    space.within(|| {
        for door in [1, 2] {
            let mut knock = Direct::connect(32_000 + door);
            let mut said = vec![];
            knock.read_to_end(&mut said).expect("it closes");
            assert_eq!(said, b"");
        }
    });
    unikernel.wait_for("Port 2: KNOCK KNOCK!");
    // Nobody resolves names here, and the proxy says so.
    let page = space.within(|| get(&["-i", "http://10.0.0.2/"])).expect("a page");
    assert!(page.starts_with("HTTP/1.1 502 "), "{page}");
}
