//! The knocking demo as a Linux process, driven by curl.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use mirage_e2e::{Outcome, Unikernel, free_port, free_ports, get, mirage, root, send, site};

/// The image, built once.
fn image() -> PathBuf {
    static IMAGE: OnceLock<PathBuf> = OnceLock::new();
    IMAGE
        .get_or_init(|| {
            let root = root();
            Outcome::of(mirage(&root).args(["build", "examples/knocking", "-t", "unix"])).ends_with(0);
            let image = Outcome::of(mirage(&root).args(["query", "image", "examples/knocking"])).ends_with(0).out;
            PathBuf::from(image.trim())
        })
        .clone()
}

/// A control port with 256 free ports after it, and a port for HTTP.
fn ports() -> (u16, u16) {
    let control = free_ports(258);
    (control, control + 257)
}

struct Demo {
    unikernel: Unikernel,
    control: u16,
    page: String,
}

impl Demo {
    fn boot(arguments: &[&str]) -> Self {
        let (control, http) = ports();
        let (control_port, http_port) = (format!("--control-port={control}"), format!("--http-port={http}"));
        let all = [&[control_port.as_str(), &http_port, "--listen=127.0.0.1"], arguments].concat();
        let mut unikernel = Unikernel::start(&image(), &all);
        unikernel.wait_for("Port Knocking Proxy Unikernel booted!");
        Self { unikernel, control, page: format!("http://127.0.0.1:{http}/") }
    }

    fn knock(&mut self, doors: &[u16]) {
        for door in doors {
            assert_eq!(send(self.control + door, b"").expect("a door"), b"");
            self.unikernel.wait_for(&format!("Port {door}: KNOCK KNOCK!"));
        }
    }
}

#[test]
fn the_demo_of_the_talk() {
    let (port, asked) = site(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nETag: \"1\"\r\n\r\nthe site");
    let mut demo = Demo::boot(&[&format!("--site=1,2=127.0.0.1:{port}")]);

    let hello = get(&["-i", &demo.page]).expect("a page");
    assert!(hello.starts_with("HTTP/1.1 200 OK\r\n") && hello.contains("Hello from a unikernel!"), "{hello}");

    demo.knock(&[2, 1]);
    assert!(get(&[&demo.page]).expect("a page").contains("Hello from a unikernel!"), "the wrong order");

    assert_eq!(send(demo.control, b"reset\n").expect("the control port"), b"");
    demo.unikernel.wait_for("Port 0: RESET!");
    assert_eq!(send(demo.control, b"open sesame\n").expect("the control port"), b"");
    demo.unikernel.wait_for("Port 0: Unknown request (open sesame)");

    demo.knock(&[1, 2]);
    let page = get(&["-i", "-H", "X-Mine: 1", &format!("{}a/b?c=d", demo.page)]).expect("the site");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.ends_with("\r\n\r\nthe site"), "{page}");
    for field in ["Cache-Control: no-cache, no-store, must-revalidate\r\n", "Pragma: no-cache\r\n", "Expires: 0\r\n"] {
        assert!(page.contains(field), "{field} in {page}");
    }
    let request = asked.recv().expect("a request");
    assert!(request.starts_with(&format!("GET /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n")), "{request}");
    assert!(request.contains("\r\nX-Mine: 1\r\n"), "{request}");

    let page = get(&["-d", "a=b", "-H", "Transfer-Encoding: chunked", &demo.page]).expect("the site");
    assert_eq!(page, "the site");
    let request = asked.recv().expect("a request");
    assert!(request.starts_with("POST / HTTP/1.1\r\n") && request.contains("\r\n3\r\na=b\r\n"), "{request}");

    let text = "x".repeat(3_000_000);
    let big = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(big.path(), &text).expect("a file");
    let data = format!("@{}", big.path().display());
    assert_eq!(get(&["--data-binary", &data, &demo.page]).expect("the site"), "the site");
    assert!(asked.recv().expect("a request").ends_with(&text), "all of a large body");

    rustix::process::kill_process(
        rustix::process::Pid::from_raw(demo.unikernel.pid()).expect("a process"),
        rustix::process::Signal::TERM,
    )
    .expect("a signal");
    assert_eq!(demo.unikernel.status(), 0, "SIGTERM is a clean stop");
}

#[test]
fn a_large_answer_comes_back_whole() {
    let reply: &'static [u8] = {
        let mut reply = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n".to_vec();
        reply.extend((0..5_000_000_u32).map(|n| b'a' + (n % 26) as u8));
        reply.leak()
    };
    let (port, _asked) = site(reply);
    let mut demo = Demo::boot(&[&format!("--site=9=127.0.0.1:{port}")]);
    demo.knock(&[9]);
    let page = get(&[&demo.page]).expect("the site");
    assert!(page.as_bytes() == &reply[reply.len() - 5_000_000..], "{} bytes", page.len());
}

#[test]
fn a_site_that_is_not_there_is_a_bad_gateway() {
    let mut demo = Demo::boot(&[&format!("--site=3=127.0.0.1:{}", free_port()), "--site=4=no.such.host.invalid"]);
    demo.knock(&[3]);
    let status = get(&["-o", "/dev/null", "-w", "%{http_code}", &demo.page]).expect("an answer");
    assert_eq!(status, "502");
    send(demo.control, b"RESET").expect("the control port");
    demo.unikernel.wait_for("Port 0: RESET!");
    demo.knock(&[4]);
    let status = get(&["-o", "/dev/null", "-w", "%{http_code}", &demo.page]).expect("an answer");
    assert_eq!(status, "502");
}

#[test]
fn a_site_that_says_nothing_is_a_time_out() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = silent.local_addr().expect("an address").port();
    let mut demo = Demo::boot(&[&format!("--site=3=127.0.0.1:{port}"), "--timeout=0.5"]);
    demo.knock(&[3]);
    let status = get(&["-o", "/dev/null", "-w", "%{http_code}", &demo.page]).expect("an answer");
    assert_eq!(status, "504");
}

#[test]
fn silent_clients_hold_up_nobody() {
    let demo = Demo::boot(&["--timeout=30"]);
    let port: u16 =
        demo.page.trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let connect = |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    let mut silent: Vec<TcpStream> =
        (0..200).map(|index| connect(if index % 2 == 0 { port } else { demo.control })).collect();
    for stream in &mut silent {
        stream.write_all(b"G").expect("a byte");
    }
    assert!(get(&[&demo.page]).expect("a page").contains("Hello from a unikernel!"));
}

#[test]
fn a_port_in_use_fails_the_job_by_its_name() {
    let (control, http) = ports();
    let _other = TcpListener::bind((Ipv4Addr::LOCALHOST, control + 7)).expect("a free port");
    let mut command = Command::new(image());
    command.args([format!("--control-port={control}"), format!("--http-port={http}"), "--listen=127.0.0.1".into()]);
    let port = format!("port {}", control + 7);
    Outcome::of(&mut command).ends_with(1).says(&[
        "job `knocking::start` failed",
        &port,
        "already in use",
        "config.rs:",
    ]);
}

#[test]
fn port_80_wants_rights_and_says_so() {
    if !rustix::process::geteuid().is_root() || !mirage_e2e::have("unshare") || !mirage_e2e::have("setpriv") {
        return mirage_e2e::skip("port 80 without rights", "wants root, unshare and setpriv, to give rights up");
    }
    // In a network namespace of its own, where port 80 is free and ports below 1024 are privileged.
    let (control, _) = ports();
    let mut command = Command::new("unshare");
    command.args(["--net", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]);
    let copy = tempfile::Builder::new().permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755)).tempdir();
    let copy = copy.expect("a folder");
    let image_copy = copy.path().join("knocking");
    std::fs::copy(image(), &image_copy).expect("a copy");
    command.arg(&image_copy).arg(format!("--control-port={control}"));
    Outcome::of(&mut command)
        .ends_with(1)
        .says(&["port 80 cannot be listened on: permission denied", "root or CAP_NET_BIND_SERVICE"]);
}

#[test]
fn arguments_are_checked_before_anything_is_opened() {
    let call = |arguments: &[&str]| Outcome::of(Command::new(image()).args(arguments));
    let help = call(&["--help"]).ends_with(0).out;
    for argument in
        ["--http-port PORT", "--control-port PORT", "--site 1,2=HOST[:PORT]", "--logs", "--delay", "--listen"]
    {
        assert!(help.contains(argument), "{argument} in\n{help}");
    }
    call(&["--http-prot=80"]).ends_with(64).says(&["no argument `--http-prot`", "did you mean `--http-port`?"]);
    call(&["--http-port"]).ends_with(64).says(&["`--http-port` needs a value"]);
    call(&["--http-port=99999"]).ends_with(64).says(&["`--http-port` cannot be `99999`"]);
    call(&["--site=1:2"]).ends_with(64).says(&["`--site` cannot be `1:2`", "1,2=HOST[:PORT]"]);
    call(&["--logs=loud"]).ends_with(64).says(&["`--logs` cannot be `loud`", "off, error, warn, info, debug, trace"]);
    call(&["stray"]).ends_with(64).says(&["`stray` is not an argument"]);
    call(&["--control-port=65500"]).ends_with(1).says(&["`--control-port` cannot be 65500"]);
}
