//! What is to be done on a host before an image starts, and what the image is told then.

use std::ffi::OsString;
use std::path::Path;

use super::host::{Host, Step};
use super::interfaces::{Interface, given};
use super::subnet::Subnet;
use crate::error::{Error, Exit};
use crate::run::start::Options;

/// Everything between an image and its process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// Changes to the host, in order.
    pub steps: Vec<Step>,
    /// Arguments for the image besides those it is given anyway.
    pub words: Vec<OsString>,
    /// The tap devices, with the host's address and the unikernel's, if it is told one.
    pub made: Vec<(String, Subnet, Option<Subnet>)>,
}

/// Sets up a host for these interfaces, unless the arguments given to the image name one that is there.
///
/// # Errors
/// [`Exit::Unavailable`] when there is no room for another network.
pub fn setup(interfaces: &[Interface], arguments: &[OsString], options: &Options, host: &Host) -> Result<Setup, Error> {
    let mut setup = Setup::default();
    let namespace = options.netns.as_deref();
    if let Some(name) = namespace.filter(|_| !host.exists) {
        let undo = Some(words(None, &["netns", "delete", name]));
        setup.steps.push(Step { words: words(None, &["netns", "add", name]), undo });
        setup.steps.push(Step { words: words(namespace, &["link", "set", "dev", "lo", "up"]), undo: None });
    }
    let mut taken = host.subnets.clone();
    let mut names = (0..).map(|number| format!("mirage{number}")).filter(|name| !host.names.contains(name));
    for (index, interface) in interfaces.iter().enumerate() {
        if let (Some(file), Some(argument)) = (&options.pcap, &interface.pcap) {
            setup.words.extend([argument.into(), numbered(file, index)]);
        }
        if interface.interface.as_deref().is_some_and(|name| given(arguments, name).is_some()) {
            continue;
        }
        let name = names.next().unwrap_or_default();
        let subnet = subnet(interface, arguments, options.tap_address, &taken)?;
        taken.push(subnet);
        let undo = Some(words(namespace, &["link", "delete", "dev", &name]));
        setup.steps.push(Step { words: words(namespace, &["tuntap", "add", "dev", &name, "mode", "tap"]), undo });
        let address = ["address", "add", &subnet.to_string(), "dev", &name];
        setup.steps.push(Step { words: words(namespace, &address), undo: None });
        setup.steps.push(Step { words: words(namespace, &["link", "set", "dev", &name, "up"]), undo: None });
        if let Some(interface) = &interface.interface {
            setup.words.extend([interface.into(), (&name).into()]);
        }
        let told = tell(interface, arguments, subnet, &mut setup.words);
        setup.made.push((name, subnet, told));
    }
    Ok(setup)
}

/// A call of `ip`.
fn words(namespace: Option<&str>, rest: &[&str]) -> Vec<String> {
    let namespace = namespace.into_iter().flat_map(|name| ["-n", name]);
    ["ip"].into_iter().chain(namespace).chain(rest.iter().copied()).map(str::to_owned).collect()
}

/// The host's address on an interface: beside the one the unikernel was given, the one asked for, or any that is free.
fn subnet(
    interface: &Interface,
    arguments: &[OsString],
    asked: Option<Subnet>,
    taken: &[Subnet],
) -> Result<Subnet, Error> {
    let is_free = |subnet: &Subnet| !taken.iter().any(|taken| taken.overlaps(*subnet));
    if let Some(first) = asked {
        // Further interfaces are in the networks after the one asked for.
        let next = std::iter::successors(Some(first), |subnet| subnet.next()).take(256).find(is_free);
        return next.ok_or_else(|| {
            Error::new(Exit::Unavailable, format!("`--tap-address {first}` and the 255 networks after it are taken"))
                .hint("`ip address` shows by whom")
        });
    }
    if let Some(theirs) = read(interface.ipv4.as_deref(), arguments).and_then(|text| text.parse::<Subnet>().ok()) {
        let gateway = read(interface.gateway.as_deref(), arguments).and_then(|text| text.parse().ok());
        let gateway = gateway.filter(|&gateway| theirs.holds(gateway) && gateway != theirs.address);
        let ours = gateway.and_then(|gateway| Subnet::new(gateway, theirs.prefix).ok()).unwrap_or(theirs.other());
        return if is_free(&ours) {
            Ok(ours)
        } else {
            Err(Error::new(
                Exit::Unavailable,
                format!("an interface of this host is in the network of {theirs} already"),
            )
            .hint("`ip address` shows which; give the unikernel an address of another network")
            .hint("or start it in a network namespace of its own: `--netns NAME`"))
        };
    }
    Subnet::private().find(is_free).ok_or_else(|| {
        Error::new(Exit::Unavailable, "every private network is taken on this host").hint(
            "choose one with `--tap-address ADDRESS/PREFIX`, or `--netns NAME` for a network namespace of its own",
        )
    })
}

/// The value of an argument among those given, if there is such an argument and it is text.
pub fn read<'a>(argument: Option<&str>, arguments: &'a [OsString]) -> Option<&'a str> {
    given(arguments, argument?)?.to_str()
}

/// Tells the unikernel its address, unless it takes none or was given one.
fn tell(interface: &Interface, arguments: &[OsString], subnet: Subnet, words: &mut Vec<OsString>) -> Option<Subnet> {
    let ipv4 = interface.ipv4.as_deref()?;
    if let Some(theirs) = read(Some(ipv4), arguments) {
        return theirs.parse().ok();
    }
    let theirs = subnet.other();
    words.extend([ipv4.into(), theirs.to_string().into()]);
    if let Some(gateway) = interface.gateway.as_deref().filter(|gateway| given(arguments, gateway).is_none()) {
        words.extend([gateway.into(), subnet.address.to_string().into()]);
    }
    Some(theirs)
}

/// The file for the interface of this index: `seen.pcap`, then `seen-2.pcap`.
pub fn numbered(file: &Path, index: usize) -> OsString {
    if index == 0 {
        return file.into();
    }
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{}", index + 1));
    if let Some(extension) = file.extension() {
        name.push(".");
        name.push(extension);
    }
    file.with_file_name(name).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(prefix: &str, ipv4: bool) -> Interface {
        let name = |name: &str| format!("--{prefix}{name}");
        let told = |text: &str| ipv4.then(|| name(text));
        Interface {
            interface: Some(name("interface")),
            pcap: Some(name("pcap")),
            ipv4: told("ipv4"),
            gateway: told("ipv4-gateway"),
            nameserver: told("nameserver"),
        }
    }

    fn here() -> Host {
        Host { exists: true, names: vec!["mirage0".into()], subnets: vec!["10.0.0.9/24".parse().expect("a subnet")] }
    }

    fn lines(setup: &Setup) -> Vec<String> {
        setup.steps.iter().map(|step| step.words.join(" ")).collect()
    }

    fn words(setup: &Setup) -> String {
        setup.words.join(" ".as_ref()).into_string().expect("text")
    }

    #[test]
    fn a_name_and_a_network_that_are_free_are_taken() {
        let made = setup(&[interface("", true)], &[], &Options::default(), &here()).expect("room");
        let expected = [
            "ip tuntap add dev mirage1 mode tap",
            "ip address add 10.0.1.1/24 dev mirage1",
            "ip link set dev mirage1 up",
        ];
        assert_eq!(lines(&made), expected);
        assert_eq!(words(&made), "--interface mirage1 --ipv4 10.0.1.2/24 --ipv4-gateway 10.0.1.1");
        assert_eq!(made.steps[0].undo.as_ref().expect("undone").join(" "), "ip link delete dev mirage1");
    }

    #[test]
    fn a_unikernel_that_asks_for_its_address_is_told_none() {
        let made = setup(&[interface("", false)], &[], &Options::default(), &here()).expect("room");
        assert_eq!(words(&made), "--interface mirage1");
    }

    #[test]
    fn the_host_is_beside_a_unikernel_with_an_address() {
        let arguments = ["--ipv4=10.7.0.2/16", "--ipv4-gateway", "10.7.7.7"].map(OsString::from);
        let made = setup(&[interface("", true)], &arguments, &Options::default(), &here()).expect("room");
        assert_eq!(lines(&made)[1], "ip address add 10.7.7.7/16 dev mirage1");
        assert_eq!(words(&made), "--interface mirage1");
        let taken = ["--ipv4=10.0.0.2/24"].map(OsString::from);
        let error = setup(&[interface("", true)], &taken, &Options::default(), &here()).expect_err("it is taken");
        assert!(error.message.contains("10.0.0.2/24"), "{error}");
    }

    #[test]
    fn interfaces_have_prefixes_files_and_networks_of_their_own_and_one_that_was_given_is_left_alone() {
        let all = [interface("dmz-", true), interface("lan-", true), interface("wan-", true)];
        let address = "10.0.0.1/24".parse().expect("a subnet");
        let options = Options { pcap: Some("a/b.c.pcap".into()), tap_address: Some(address), ..Options::default() };
        let arguments = ["--lan-interface", "tap0"].map(OsString::from);
        let made = setup(&all, &arguments, &options, &here()).expect("room");
        assert_eq!(
            words(&made),
            "--dmz-pcap a/b.c.pcap --dmz-interface mirage1 --dmz-ipv4 10.0.1.2/24 --dmz-ipv4-gateway 10.0.1.1 \
             --lan-pcap a/b.c-2.pcap \
             --wan-pcap a/b.c-3.pcap --wan-interface mirage2 --wan-ipv4 10.0.2.2/24 --wan-ipv4-gateway 10.0.2.1"
        );
    }

    #[test]
    fn an_interface_without_a_name_is_not_named() {
        let card = Interface { interface: None, ..interface("", true) };
        let made = setup(&[card], &[], &Options::default(), &here()).expect("room");
        assert_eq!(words(&made), "--ipv4 10.0.1.2/24 --ipv4-gateway 10.0.1.1");
        assert_eq!(made.made[0].0, "mirage1");
    }

    #[test]
    fn a_namespace_is_made_if_it_is_not_there_and_deleted_only_then() {
        let options = Options { netns: Some("lab".into()), ..Options::default() };
        let made = setup(&[interface("", true)], &[], &options, &Host::default()).expect("room");
        assert_eq!(lines(&made)[0], "ip netns add lab");
        assert_eq!(lines(&made)[2], "ip -n lab tuntap add dev mirage0 mode tap");
        assert_eq!(made.steps[0].undo.as_ref().expect("undone").join(" "), "ip netns delete lab");
        let made = setup(&[interface("", true)], &[], &options, &here()).expect("room");
        assert_eq!(lines(&made)[0], "ip -n lab tuntap add dev mirage1 mode tap");
    }
}
