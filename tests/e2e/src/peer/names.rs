//! dnsmasq in the host's place: addresses by DHCP, names by DNS.

use crate::{Direct, Dnsmasq, Space, get};

/// A server whose leases are to be renewed after `renewal` seconds. It knows the names `site.test` and `alias.test`,
/// 10.0.0.1.
fn serving(space: &Space, renewal: u32) -> Dnsmasq {
    let (first, second) = (format!("option:T1,{renewal}s"), format!("option:T2,{}s", renewal * 2));
    let times = ["--dhcp-option", &first, "--dhcp-option", &second];
    let names = ["--address=/site.test/10.0.0.1", "--cname=alias.test,site.test", "--log-queries"];
    Dnsmasq::start(space, &[&[Dnsmasq::RANGE][..], &times, &names].concat())
}

/// A lease, its renewal, and a server that is gone and comes back.
pub fn an_address_by_dhcp_renewed_and_asked_for_again(knocking: &Direct) {
    let what = "DHCP from dnsmasq";
    let Some(space) = Space::new(what) else { return };
    if !Dnsmasq::is_there(what) {
        return;
    }
    let server = serving(&space, 3);
    let mut unikernel = knocking.boot(&space, &Direct::ONE, &[]);
    unikernel.wait_for("Port Knocking Proxy Unikernel booted!");
    let address = server.leased();
    let page = space.within(|| get(&[&format!("http://{address}/")])).expect("a page");
    assert!(page.contains("Hello from a unikernel!"), "{page}");

    // The first acknowledgement is of the lease, those after it of its renewals.
    server.wait_for("DHCPACK", 3);
    drop(server);
    // The server is gone: by the time it is asked by broadcast there is another, which takes the lease over.
    let server = serving(&space, 3);
    server.wait_for("DHCPACK", 2);
    let page = space.within(|| get(&[&format!("http://{}/", server.leased())])).expect("a page");
    assert!(page.contains("Hello from a unikernel!"), "{page}");
}

/// Nobody answers at first.
pub fn a_server_that_comes_late_is_found(knocking: &Direct) {
    let what = "DHCP from a dnsmasq that comes late";
    let Some(space) = Space::new(what) else { return };
    if !Dnsmasq::is_there(what) {
        return;
    }
    let mut unikernel = knocking.boot(&space, &Direct::ONE, &[]);
    unikernel.wait_for("no server answers the interface ");
    let _server = serving(&space, 60);
    unikernel.wait_for("Port Knocking Proxy Unikernel booted!");
}

/// The proxy's site by its name.
pub fn names_resolve_through_the_server_dhcp_told_of(knocking: &Direct) {
    let what = "names from dnsmasq";
    let Some(space) = Space::new(what) else { return };
    if !Dnsmasq::is_there(what) {
        return;
    }
    let server = serving(&space, 60);
    // Nobody listens there: the proxy says that it was refused, which it can only be once the name has resolved.
    let mut unikernel =
        knocking.boot(&space, &Direct::ONE, &["--site", "1=site.test:8080", "--site", "2=nowhere.test"]);
    unikernel.wait_for("Port Knocking Proxy Unikernel booted!");
    let address = server.leased();
    let ask = |door: u16| {
        space.within(|| {
            for port in [32_000, 32_000 + door] {
                let mut knock = std::net::TcpStream::connect((address, port)).expect("a door");
                if port == 32_000 {
                    std::io::Write::write_all(&mut knock, b"reset\n").expect("it reads");
                }
                std::io::Read::read_to_end(&mut knock, &mut vec![]).expect("it closes");
            }
            get(&["-i", &format!("http://{address}/")]).expect("a page")
        })
    };
    let known = ask(1);
    assert!(known.starts_with("HTTP/1.1 502 "), "{known}");
    let unknown = ask(2);
    assert!(unknown.starts_with("HTTP/1.1 502 "), "{unknown}");
    assert!(server.log().contains("query"), "it was asked");
}
