//! What can be wrong with a config.rs: each a clear message, a status, and nothing half-written.

use std::time::{Duration, Instant};

use mirage_e2e::{Outcome, Project, mirage};

/// config.rs of the `hello` template with another body of `main`.
fn config(body: &str) -> String {
    format!("use mirage_config::prelude::*;\n\nfn main() -> Unikernel {{\n{body}\n}}\n")
}

/// Configures a project with this config.rs, which must fail, and leave nothing behind.
#[track_caller]
fn refused(name: &str, config: &str, arguments: &[&str]) -> Outcome {
    let project = Project::with_config(name, config);
    let before = project.files();
    let outcome = project.call(&[&["configure"], arguments].concat());
    assert_eq!(project.files(), before, "nothing half-written\n{}", outcome.err);
    outcome
}

const PLAIN: &str = "    unikernel(\"hello\").job(job!(NAME::start(default_console(), default_time())))";

fn plain(name: &str) -> String {
    PLAIN.replace("NAME", &name.replace('-', "_"))
}

#[test]
fn there_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let outcome = Outcome::of(mirage(folder.path()).arg("configure"));
    outcome.ends_with(66).says(&["there is no config.rs in", "`mirage new NAME` makes a project"]);
    Outcome::of(mirage(folder.path()).args(["build", "nowhere"])).ends_with(66).says(&["there is no `nowhere`"]);
}

#[test]
fn it_does_not_compile() {
    let config = config("    let console: u8 = default_console();\n    unikernel(\"x\")");
    refused("e2e-no-compile", &config, &[]).ends_with(65).says(&["mismatched types", "config.rs:4:"]);
}

#[test]
fn it_plumbs_the_wrong_device() {
    let config = config("    unikernel(\"x\").job(job!(e2e_wrong_kind::start(default_time(), default_time())))");
    let outcome = refused("e2e-wrong-kind", &config, &[]).ends_with(65);
    outcome.says(&["a console is wanted here, but this is a `mirage::kind::Time`", "config.rs:4:"]);
}

#[test]
fn it_panics() {
    let config = config("    panic!(\"no idea what to plumb\")");
    refused("e2e-panics", &config, &[]).ends_with(65).says(&["no idea what to plumb", "config.rs:4"]);
}

#[test]
fn it_never_ends() {
    let begin = Instant::now();
    let config = config("    loop { std::thread::park() }");
    refused("e2e-loops", &config, &["--timeout", "1"]).ends_with(65).says(&["config.rs", "1 s", "--timeout"]);
    assert!(begin.elapsed() < Duration::from_secs(60));
}

#[test]
fn it_ends_without_a_word() {
    let config = config("    std::process::exit(0)");
    refused("e2e-exits", &config, &[]).ends_with(65).says(&["config.rs"]);
    let config = self::config("    std::process::exit(3)");
    refused("e2e-exits-badly", &config, &[]).ends_with(65).says(&["3"]);
}

#[test]
fn it_writes_something_else() {
    let config = config(
        "    std::fs::write(std::env::var(\"MIRAGE_GRAPH\").unwrap(), \"\\u{7f}{]\").unwrap();\n    std::process::exit(0)",
    );
    refused("e2e-garbage", &config, &[]).ends_with(65).says(&["is not a graph"]);
}

#[test]
fn what_it_prints_is_shown_and_does_no_harm() {
    let name = "e2e-chatty";
    let config = config(&format!("    println!(\"{{{{ garbage }}}}\");\n{}", plain(name)));
    let project = Project::with_config(name, &config);
    project.call(&["configure"]).ends_with(0).says(&["{ garbage }", "Configured"]);
}

#[test]
fn a_question_mark_works_and_an_error_is_shown() {
    let name = "e2e-result";
    let config = |text: &str| {
        format!(
            "use mirage_config::prelude::*;\n\nfn main() -> Result<Unikernel, std::num::ParseIntError> {{\n    \
             let _: u8 = \"{text}\".parse()?;\n    Ok({})\n}}\n",
            plain(name).trim()
        )
    };
    let project = Project::with_config(name, &config("7"));
    project.call(&["configure"]).ends_with(0);
    project.write("config.rs", &config("seven"));
    project.call(&["configure"]).ends_with(65).says(&["InvalidDigit"]);
}

#[test]
fn it_asks_for_what_cannot_be_had() {
    let name = "e2e-impossible";
    let config = config(
        "    let one = device(\"sensor\").on(Target::Unix, \"a::A\").provide::<mirage::kind::Console>();
    let two = device(\"sensor\").on(Target::Unix, \"b::B\").provide::<mirage::kind::Console>();
    let key = choice(\"speed\", \"How fast\", [(\"slow\", \"\"), (\"fast\", \"\")]);
    let console = match_impl(key, [(\"slow\", one), (\"fats\", two)]);
    unikernel(\"Hello World\").job(job!(e2e_impossible::start(console, default_time())))",
    );
    let outcome = refused(name, &config, &[]).ends_with(65);
    // All of it at once, each with its line.
    let outcome = outcome.says(&["two different devices are called `sensor`", "config.rs:5", "config.rs:4"]);
    let outcome = outcome.says(&["the key `speed` has no value `fats`", "config.rs:7", "config.rs:6"]);
    let outcome = outcome.says(&["nothing is said for `fast` of the key `speed`"]);
    outcome.says(&["a unikernel cannot be called `Hello World`", "config.rs:8"]);
}

#[test]
fn a_raw_network_has_one_owner() {
    let name = "e2e-shared-network";
    let config = config(
        "    let net = device(\"wire\").on(Target::Unix, \"a::Wire\").provide::<mirage::kind::Network>();
    let one = device(\"one\").on(Target::Unix, \"a::One\").over(net).provide::<mirage::kind::Console>();
    let two = device(\"two\").on(Target::Unix, \"a::Two\").over(net).over(one).provide::<mirage::kind::Console>();
    unikernel(\"x\").job(job!(e2e_shared_network::start(two, default_time())))",
    );
    refused(name, &config, &[]).ends_with(65).says(&["wire", "config.rs:5", "config.rs:6"]);
}

#[test]
fn an_argument_has_one_owner() {
    let name = "e2e-two-listens";
    let body = |prefix: &str| {
        config(&format!(
            "    let (a, b) = (socket_stack(), socket_stack(){prefix});
    let both = device(\"both\").on(Target::Unix, \"a::Both\").over(a).over(b).provide::<mirage::kind::Console>();
    unikernel(\"x\").job(job!(e2e_two_listens::start(both, default_time())))"
        ))
    };
    refused(name, &body(""), &[]).ends_with(65).says(&["--listen", ".prefix("]);
    let project = Project::with_config(name, &body(".prefix(\"inner\")"));
    let arguments = project.call(&["query", "arguments"]).ends_with(0).out;
    assert!(arguments.contains("--listen\t") && arguments.contains("--inner-listen\t"), "{arguments}");
}

#[test]
fn a_target_key_or_value_there_is_not() {
    let project = Project::new("e2e-unknown", "http");
    let call = |arguments: &[&str]| project.call(&[&["configure"], arguments].concat());
    call(&["-t", "unixx"]).ends_with(64).says(&["unixx", "unix", "kvm", "xen"]);
    call(&["--net", "sockets"]).ends_with(64).says(&["sockets", "direct, socket"]);
    call(&["--nett", "socket"]).ends_with(64).says(&["--nett", "--net"]);
    call(&["-t", "kvm", "--net", "socket"]).ends_with(65).says(&["stack_socket", "on `unix` only"]);
    call(&["--dhcp"]).ends_with(0);
    assert!(!project.read("mirage/main.rs").contains("direct"));
}

#[test]
fn a_device_the_target_does_not_have() {
    let name = "e2e-missing-device";
    let config = config(
        "    let kvm = device(\"hypercalls\").on(Target::Kvm, \"a::Hypercalls\").provide::<mirage::kind::Console>();
    let key = choice(\"speed\", \"How fast\", [(\"slow\", \"\"), (\"fast\", \"\")]);
    let console = match_impl(key, [(\"slow\", default_console()), (\"fast\", kvm)]);
    unikernel(\"x\").job(job!(e2e_missing_device::start(console, default_time())))",
    );
    let outcome = refused(name, &config, &["--speed", "fast"]).ends_with(65);
    outcome.says(&["device `hypercalls` cannot be had on `unix`", "config.rs:4", "on `kvm` only", "`--speed slow`"]);
}

#[test]
fn a_crate_the_project_does_not_have() {
    let config = config(
        "    let console = device(\"sensor\").on(Target::Unix, \"nowhere::Sensor\").provide::<mirage::kind::Console>();
    unikernel(\"x\").job(job!(e2e_no_crate::start(console, default_time())))",
    );
    refused("e2e-no-crate", &config, &[]).ends_with(65).says(&["nowhere", "config.rs:4"]);
}
