//! Unikernels on a real Xen: hello, HTTP, the knocking demo, how they are stopped, and what is left of them.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mirage_e2e::xen::{DOM0, Dom0, Domain};
use mirage_e2e::{Project, free_port, get, send};

/// The network of the lab, as a unikernel is told of it.
const ADDRESS: [&str; 2] = ["--ipv4=10.0.2.15/24", "--ipv4-gateway=10.0.2.2"];
/// One card on it.
const CARD: &str = "vif = [ \"\" ]";

/// The image of a project of this name from a template, and the project, which goes away with it.
fn image(name: &str, template: &str) -> (Project, PathBuf) {
    let project = Project::new(name, template);
    project.call(&["build", "-t", "xen"]).ends_with(0);
    let image = PathBuf::from(project.call(&["query", "image"]).ends_with(0).out.trim());
    (project, image)
}

/// What of dom0's a domain could leave behind: itself, its network cards, its nodes in xenstore.
fn left(dom0: &Dom0) -> String {
    dom0.run(
        "xl list | tail -n +2 | cut -c 1-48; ls /sys/class/net; xenstore-list /local/domain; xenstore-ls /vm | wc -l",
    )
}

/// Memory that is free: Xen's and that of dom0's kernel, caches not counted, in MiB.
fn free(dom0: &Dom0) -> (i64, i64) {
    let said = dom0.run(
        "sync; echo 3 > /proc/sys/vm/drop_caches; xl info | awk '$1 == \"free_memory\" { print $3 }'
        awk '$1 == \"MemAvailable:\" { print int($2 / 1024) }' /proc/meminfo",
    );
    let mut numbers = said.lines().map(|line| line.trim().parse().unwrap_or_else(|_| panic!("{said}")));
    (numbers.next().expect("Xen's"), numbers.next().expect("dom0's"))
}

/// Pages that domains have granted and others have in use, as Xen counts them: a line each, `(XEN) [0x008] …`.
fn grants(dom0: &Dom0) -> usize {
    let said = dom0.run("xl dmesg -c >/dev/null; xl debug-keys g; xl dmesg -c");
    assert!(said.contains("[ key 'g' pressed") && said.contains("] done"), "{said}");
    said.lines().filter(|line| line.contains("(XEN) [0x")).count()
}

#[test]
fn hello_says_hello_and_ends() {
    let Some(dom0) = Dom0::boot("hello on Xen", &[]) else { return };
    let (_project, image) = image("xen-hello", "hello");
    let death = dom0.create("hello", &image, &[], CARD).ended();
    assert_eq!((death.reason, death.status), (Some(0), Some(0)), "{death:?}");
    assert_eq!(death.console, "hello\nhello\nhello\nhello\ngoodbye\n");
}

#[test]
fn a_hundred_domains_leave_nothing() {
    /// Four side by side, five times. All of it in dom0, and by its shell as far as that goes: there a program's start takes
    /// longer than a domain's.
    const TWENTY: &str = "
        said() { while read -r line; do case $line in *\"$1\"*) return 0;; esac; done; return 1; }
        for batch in 1 2 3 4 5; do
            rm -f /var/log/xen/guest-domain?.log
            for number in 0 1 2 3; do
                xl create -F /lab/images/domain$number.xl >/run/lab/cycle$number 2>&1 &
            done
            for number in 0 1 2 3; do
                log=/var/log/xen/guest-domain$number.log
                until [ -s $log ] && said 'serving HTTP' <$log; do usleep 200000; done
            done
            xl shutdown -a
            wait
            for number in 0 1 2 3; do
                said 'has shut down, reason code 0 ' </run/lab/cycle$number || { cat /run/lab/cycle$number; exit 1; }
            done
        done";
    let Some(dom0) = Dom0::boot("a hundred domains on Xen", &[]) else { return };
    let (_project, image) = image("xen-hundred", "http");
    assert_eq!(grants(&dom0), 0);
    let names: Vec<String> = (0..4).map(|number| format!("domain{number}")).collect();
    let domains: Vec<Domain<'_>> = names.iter().map(|name| dom0.create(name, &image, &ADDRESS, CARD)).collect();
    domains.iter().for_each(|domain| domain.wait_for("serving HTTP"));
    // Each has the rings of its console and of xenstore, and those of its interface.
    assert_eq!(grants(&dom0), 4 * domains.len(), "what domains have is seen");
    dom0.run("xl shutdown -a");
    for death in domains.into_iter().map(Domain::ended) {
        assert_eq!((death.reason, death.status), (Some(0), Some(0)), "{death:?}");
    }
    let (before, memory) = (left(&dom0), free(&dom0));
    (0..5).for_each(|_| _ = dom0.run(TWENTY));
    assert_eq!(left(&dom0), before);
    assert_eq!(grants(&dom0), 0);
    let after = free(&dom0);
    assert_eq!(after.0, memory.0, "Xen has all of its memory back");
    assert!(after.1 >= memory.1 - 4, "dom0 has {} MiB, and had {}", after.1, memory.1);
}

#[test]
fn http_is_served_without_a_failure_and_xl_stops_it() {
    let port = free_port();
    let Some(dom0) = Dom0::boot("HTTP on Xen", &[(port, 80)]) else { return };
    let (_project, image) = image("xen-http", "http");
    let domain = dom0.create("http", &image, &[&ADDRESS[..], &["--http-port=80"]].concat(), CARD);
    // What comes before it listens is refused by QEMU's network or lost; what comes then is not.
    let page = format!("http://127.0.0.1:{port}/");
    let answer = get(&["--retry", "60", "--retry-all-errors", "--retry-delay", "1", &page]).expect("a page");
    assert!(!answer.is_empty());
    for request in 0..2000 {
        let reply = ask(port).unwrap_or_else(|error| panic!("request {request}: {error}"));
        assert!(reply.starts_with("HTTP/1.1 200 "), "request {request}: {reply}");
    }
    domain.shut_down();
    let death = domain.ended();
    assert_eq!((death.reason, death.status), (Some(0), Some(0)), "{death:?}");
}

/// A request of its own connection.
fn ask(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    Ok(reply)
}

#[test]
fn the_demo_of_the_talk_with_a_site_in_dom0() {
    let (http, control, first) = (free_port(), free_port(), free_port());
    let second = free_port();
    let ports = [(http, 80), (control, 32000), (first, 32001), (second, 32002)];
    let Some(dom0) = Dom0::boot("knocking on Xen", &ports) else { return };
    dom0.run("mkdir -p /lab/www && echo 'the site in dom0' > /lab/www/index.html && httpd -p 8000 -h /lab/www");
    let site = format!("--site=1,2={DOM0}:8000");
    let arguments = [&ADDRESS[..], &[&site, "--http-port=80", "--control-port=32000"]].concat();
    let (_project, image) = image("xen-knocking", "knocking");
    let domain = dom0.create("knocking", &image, &arguments, CARD);
    domain.wait_for("Port Knocking Proxy Unikernel booted!");

    let page = format!("http://127.0.0.1:{http}/");
    assert!(get(&[&page]).expect("a page").contains("Hello from a unikernel!"));
    for (port, number) in [(first, 1), (second, 2)] {
        assert_eq!(send(port, b"").expect("a door"), b"");
        domain.wait_for(&format!("Port {number}: KNOCK KNOCK!"));
    }
    let knocked = get(&[&page]).expect("a page");
    assert!(knocked.contains("the site in dom0"), "{knocked}");
    assert_eq!(send(control, b"reset\n").expect("the control port"), b"");
    domain.wait_for("Port 0: RESET!");
    assert!(get(&[&page]).expect("a page").contains("Hello from a unikernel!"));
    domain.shut_down();
    let death = domain.ended();
    assert_eq!((death.reason, death.status), (Some(0), Some(0)), "{death:?}");
}

#[test]
fn an_interface_goes_and_comes_again_and_its_address_is_leased() {
    let port = free_port();
    let Some(dom0) = Dom0::boot("an interface on Xen that goes", &[(port, 80)]) else { return };
    // By DHCP, of QEMU's network.
    let (_project, image) = image("xen-leased", "knocking");
    let domain = dom0.create("knocking", &image, &["--http-port=80"], CARD);
    domain.wait_for("Port Knocking Proxy Unikernel booted!");
    let served = || {
        let page = format!("http://127.0.0.1:{port}/");
        let answer = get(&["--retry", "60", "--retry-all-errors", "--retry-delay", "1", &page]).expect("a page");
        assert!(answer.contains("Hello from a unikernel!"), "{answer}");
    };
    served();
    let before = left(&dom0);
    dom0.run("xl network-detach knocking 0");
    domain.wait_for("its back end goes");
    dom0.run("xl network-attach knocking");
    domain.wait_for("it has a back end again");
    served();
    assert_eq!(left(&dom0), before, "one interface, as before");
    domain.shut_down();
    let death = domain.ended();
    assert_eq!((death.reason, death.status), (Some(0), Some(0)), "{death:?}");
}

#[test]
fn an_interface_goes_and_comes_again_while_it_is_asked() {
    /// Clients of dom0's that ask again and again, and note down what comes of it.
    const CLIENTS: &str = "for client in 1 2 3; do
            while [ ! -e /run/lab/enough ]; do
                printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' | nc -w 3 10.0.2.15 80 |
                    grep -q ' 200 ' && echo answered || echo failed
            done >>/run/lab/asked 2>/dev/null </dev/null &
        done >/dev/null";
    let Some(dom0) = Dom0::boot("an interface on Xen that goes while it is asked", &[]) else { return };
    let (_project, image) = image("xen-asked", "http");
    let domain = dom0.create("asked", &image, &ADDRESS, CARD);
    domain.wait_for("serving HTTP");
    // So many times from now on.
    let asked = |what: &str, times: u32| {
        dom0.run(&format!(
            "until [ -e /run/lab/asked ]; do usleep 50000; done
            exec 4</run/lab/asked; cat <&4 >/dev/null; left={times}
            while [ $left -gt 0 ]; do
                if read -r line <&4; then [ $line != {what} ] || left=$((left - 1)); else usleep 50000; fi
            done"
        ));
    };
    dom0.run(CLIENTS);
    asked("answered", 30);
    for _ in 0..3 {
        let vif = dom0.run("ls -d /sys/class/net/vif*");
        dom0.run("xl network-detach asked 0; while ls -d /sys/class/net/vif* 2>/dev/null; do usleep 50000; done");
        asked("failed", 3);
        dom0.run("xl network-attach asked");
        asked("answered", 30);
        assert_eq!(dom0.run("ls -d /sys/class/net/vif*"), vif);
    }
    dom0.run("touch /run/lab/enough");
    assert_eq!(domain.console().matches("it has a back end again").count(), 3, "{}", domain.console());
    domain.shut_down();
    let death = domain.ended();
    assert_eq!((death.reason, death.status), (Some(0), Some(0)), "{death:?}");
}

#[test]
fn a_reboot_is_one_and_what_is_to_follow_it_does() {
    let Some(dom0) = Dom0::boot("a reboot on Xen", &[]) else { return };
    let (_project, image) = image("xen-reboot", "http");
    let domain = dom0.create("reboot", &image, &ADDRESS, CARD);
    domain.wait_for("serving HTTP");
    dom0.run("xl reboot reboot");
    let death = domain.ended();
    assert_eq!((death.reason, death.status), (Some(1), Some(0)), "{death:?}");

    let domain = dom0.create("again", &image, &ADDRESS, &format!("{CARD}\non_reboot = \"restart\""));
    domain.wait_for("serving HTTP");
    dom0.run("xl reboot again");
    domain.wait_for("mirage: status 0");
    dom0.run("until [ \"$(grep -c 'serving HTTP' /var/log/xen/guest-again.log)\" = 2 ]; do usleep 100000; done");
    domain.shut_down();
    let death = domain.ended();
    assert_eq!((death.reason, death.status), (Some(0), Some(0)), "{death:?}");
    assert!(death.words.contains("has shut down, reason code 1"), "{death:?}");
}

#[test]
fn a_suspend_is_refused_at_once_and_it_goes_on() {
    let port = free_port();
    let Some(dom0) = Dom0::boot("a suspend on Xen", &[(port, 80)]) else { return };
    let (_project, image) = image("xen-suspend", "http");
    let domain = dom0.create("suspend", &image, &ADDRESS, CARD);
    domain.wait_for("serving HTTP");
    assert_eq!(dom0.run("xenstore-read /local/domain/$(xl domid suspend)/control/feature-suspend"), "0\n");
    let start = Instant::now();
    let said = dom0.run("xl save suspend /run/saved && exit 1; rm -f /run/saved");
    assert!(said.contains("Suspend event channel initialization failed"), "{said}");
    // It would wait for a minute if it thought that it might be suspended.
    assert!(start.elapsed() < Duration::from_secs(30), "{said}");
    assert!(ask(port).expect("an answer").starts_with("HTTP/1.1 200 "));

    // Another toolstack may ask all the same, and sees it not taken.
    dom0.run("xenstore-write /local/domain/$(xl domid suspend)/control/shutdown suspend");
    domain.wait_for("the toolstack asks for `suspend`");
    assert_eq!(dom0.run("xenstore-read /local/domain/$(xl domid suspend)/control/shutdown"), "suspend\n");
    assert!(ask(port).expect("an answer").starts_with("HTTP/1.1 200 "));
    domain.shut_down();
    let death = domain.ended();
    assert_eq!((death.reason, death.status), (Some(0), Some(0)), "{death:?}");
}
