//! What cannot be opened, and what is said about it.

use std::process::Command;

use mirage::MacAddress;
use mirage_unix::{Platform, TapError};

use super::{interface, ip, open};

async fn refused(platform: &Platform, name: &str) -> TapError {
    open(platform, name).await.err().unwrap_or_else(|| panic!("{name} can be opened"))
}

pub async fn names_and_addresses_no_interface_can_have_are_refused(platform: &Platform) {
    for name in ["", "sixteen-letters-", "a b", "a/b", "tap%d", ".."] {
        let error = refused(platform, name).await;
        assert!(matches!(&error, TapError::Name(wrong) if wrong == name), "{error}");
    }
    ip("tuntap add dev mac0 mode tap");
    ip("link set dev mac0 address 02:00:00:00:00:07");
    for mac in [MacAddress([3, 0, 0, 0, 0, 1]), MacAddress([2, 0, 0, 0, 0, 7])] {
        let arguments = mirage::args::Interface { mac: Some(mac), ..interface("mac0") };
        let error = mirage_unix::Tap::connect(platform, arguments).await.err().expect("a hardware address of another");
        assert!(error.to_string().starts_with(&format!("`--mac` cannot be `{mac}`: ")), "{error}");
    }
    ip("link del dev mac0");
}

pub async fn interfaces_that_are_something_else_or_in_use_are_refused(platform: &Platform) {
    let first = open(platform, "twice0").await.expect("a tap device");
    let error = refused(platform, "twice0").await;
    assert!(matches!(error, TapError::InUse(_)) && error.to_string().contains("in use by another process"), "{error}");
    drop(first);
    open(platform, "twice0").await.expect("it is free again");
    ip("tuntap add dev tun0 mode tun");
    for name in ["tun0", "lo"] {
        let error = refused(platform, name).await;
        assert!(matches!(error, TapError::NotATap(_)), "{error}");
    }
    ip("link del dev tun0");
    let arguments = mirage::args::Interface { pcap: Some("/no/such/folder".to_owned()), ..interface("twice0") };
    let error = mirage_unix::Tap::connect(platform, arguments).await.err().expect("no file there");
    assert!(error.to_string().starts_with("`/no/such/folder` cannot be recorded into: "), "{error}");
}

pub fn without_rights_each_refusal_says_what_gives_them() {
    ip("tuntap add dev other0 mode tap user 65534");
    ip("tuntap add dev down0 mode tap user 0");
    let this = std::env::current_exe().expect("this test is a file");
    let drop = ["--bounding-set", "-net_admin", "--inh-caps", "-net_admin"];
    match Command::new("setpriv").args(drop).arg(this).arg("--unprivileged").status() {
        Ok(status) => assert!(status.success()),
        Err(error) => eprintln!("skipped: without rights: `setpriv`: {error}"),
    }
    ip("link del dev other0");
    ip("link del dev down0");
}

/// The other half of the last one: what is seen without CAP_NET_ADMIN.
pub async fn unprivileged(platform: &Platform) {
    let error = refused(platform, "none0").await;
    assert!(matches!(error, TapError::Missing(_)), "{error}");
    assert!(error.to_string().contains("`sudo ip tuntap add dev none0 mode tap user $USER && "), "{error}");
    let error = refused(platform, "other0").await;
    assert!(matches!(error, TapError::NotOurs(_)), "{error}");
    let error = refused(platform, "down0").await;
    assert_eq!(error.to_string(), "`down0` is down: `sudo ip link set dev down0 up`");
}
