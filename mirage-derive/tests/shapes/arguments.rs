//! Shapes of arguments that work, and what becomes of them.
#![deny(warnings)]

use mirage::Args;
use mirage::args::Shape;

/// All of them.
#[derive(mirage::Args)]
#[args(path = "shown::Options")]
struct Options {
    /// Hurry
    fast: bool,
    /// Listen here,
    /// or there
    #[arg(name = "http-port", value = "PORT", default = "80")]
    port: u16,
    /// Be called so
    r#type: String,
    /// Stop after so long
    limit: Option<std::num::NonZeroU8>,
    /// Know this host
    host_name: Vec<std::net::IpAddr>,
}

/// None.
#[derive(mirage::Args)]
struct Nothing {}

fn main() {
    assert_eq!(Options::PATH, "shown::Options");
    assert!(Nothing::PATH.ends_with("::Nothing") && Nothing::ARGUMENTS.is_empty());
    let described: Vec<_> = Options::ARGUMENTS.iter().map(|a| (a.name, a.value, a.doc, a.default, a.shape)).collect();
    assert_eq!(
        described,
        [
            ("fast", "", "Hurry", None, Shape::Flag),
            ("http-port", "PORT", "Listen here, or there", Some("80"), Shape::Required),
            ("type", "TYPE", "Be called so", None, Shape::Required),
            ("limit", "LIMIT", "Stop after so long", None, Shape::One),
            ("host-name", "HOST-NAME", "Know this host", None, Shape::Many),
        ]
    );
    let options: Options = mirage_test::args("--type x --fast --host-name ::1 --host-name=127.0.0.1");
    assert!(options.fast && options.port == 80 && options.r#type == "x" && options.limit.is_none());
    assert_eq!(options.host_name.len(), 2);
    let _: Nothing = mirage_test::args("");
}
