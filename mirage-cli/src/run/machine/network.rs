//! What a machine's network interfaces are connected to, and what the image is told of it.

use std::ffi::OsString;
use std::net::Ipv4Addr;

use super::guest::Link;
use crate::error::{Error, Exit};
use crate::run::network::{Interface, Subnet, given, read};
use crate::run::publish::Publish;

/// A network within QEMU (its manual calls it user mode): the router and the server for names are addresses in it.
struct Within {
    theirs: Subnet,
    router: Ipv4Addr,
    names: Ipv4Addr,
}

/// A network within QEMU for every interface, and arguments for the image besides those it is given anyway. The ports
/// are those of the first.
///
/// # Errors
/// [`Exit::Usage`] when an address the unikernel was given has no room beside it.
pub fn user(
    interfaces: &[Interface],
    arguments: &[OsString],
    publish: &[Publish],
) -> Result<(Vec<Link>, Vec<OsString>), Error> {
    let mut words = vec![];
    let mut links = vec![];
    for (index, interface) in interfaces.iter().enumerate() {
        let asked = read(interface.ipv4.as_deref(), arguments).and_then(|text| text.parse::<Subnet>().ok());
        let within = match asked {
            Some(theirs) => beside(theirs, read(interface.gateway.as_deref(), arguments))?,
            None => usual(index)?,
        };
        let mut properties = String::new();
        if index > 0 || asked.is_some() {
            let Within { theirs, router, names } = within;
            let network = Ipv4Addr::from_bits(theirs.address.to_bits() & mask(theirs));
            properties =
                format!(",net={network}/{},host={router},dns={names},dhcpstart={}", theirs.prefix, theirs.address);
        }
        let ports = publish.iter().filter(|_| index == 0);
        properties.extend(ports.flat_map(|publish| {
            let forward = |(host, guest)| format!(",hostfwd={}:{host}-:{guest}", publish.protocol);
            publish.ports().map(forward)
        }));
        links.push(Link::User(properties));
        tell(interface, arguments, &within, &mut words);
    }
    Ok((links, words))
}

/// Tells the unikernel its address in the network, unless it takes none or was given one.
fn tell(interface: &Interface, arguments: &[OsString], within: &Within, words: &mut Vec<OsString>) {
    let Some(ipv4) = interface.ipv4.as_deref().filter(|ipv4| given(arguments, ipv4).is_none()) else { return };
    words.extend([ipv4.into(), within.theirs.to_string().into()]);
    let others = [(&interface.gateway, within.router), (&interface.nameserver, within.names)];
    for (argument, value) in others {
        if let Some(argument) = argument.as_deref().filter(|argument| given(arguments, argument).is_none()) {
            words.extend([argument.into(), value.to_string().into()]);
        }
    }
}

/// The network of QEMU's that it has by itself, then the ones after it.
fn usual(index: usize) -> Result<Within, Error> {
    let third = u8::try_from(index + 2)
        .map_err(|_| Error::new(Exit::Usage, "a machine has room for 253 networks within QEMU at most"))?;
    let host = |last| Ipv4Addr::new(10, 0, third, last);
    let theirs = Subnet { address: host(15), prefix: 24 };
    Ok(Within { theirs, router: host(2), names: host(3) })
}

/// A network around an address the unikernel was given.
fn beside(theirs: Subnet, gateway: Option<&str>) -> Result<Within, Error> {
    let first = theirs.address.to_bits() & mask(theirs);
    let last = first | !mask(theirs);
    let mut free = (first + 1..last).map(Ipv4Addr::from_bits).filter(|address| *address != theirs.address);
    let gateway = gateway.and_then(|text| text.parse().ok()).filter(|&gateway| theirs.holds(gateway));
    let gateway = gateway.filter(|&gateway| gateway != theirs.address);
    let router = gateway.or_else(|| free.next());
    let names = free.find(|address| Some(*address) != router);
    match (router, names) {
        (Some(router), Some(names)) => Ok(Within { theirs, router, names }),
        _ => Err(Error::new(
            Exit::Usage,
            format!("the network of {theirs} has no room for a router and a server for names beside it"),
        )
        .hint("a prefix of 29 or less has")),
    }
}

fn mask(subnet: Subnet) -> u32 {
    u32::MAX << (32 - subnet.prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(prefix: &str) -> Interface {
        let name = |name: &str| Some(format!("--{prefix}{name}"));
        let (ipv4, gateway, nameserver) = (name("ipv4"), name("ipv4-gateway"), name("nameserver"));
        Interface { interface: None, pcap: None, ipv4, gateway, nameserver }
    }

    fn made(interfaces: &[Interface], arguments: &[&str], publish: &[&str]) -> (Vec<String>, String) {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let publish: Vec<Publish> = publish.iter().map(|text| text.parse().expect(text)).collect();
        let (links, words) = user(interfaces, &arguments, &publish).expect("room");
        let link = |link: Link| match link {
            Link::User(properties) => properties,
            Link::Tap(name) => name,
        };
        (links.into_iter().map(link).collect(), words.join(" ".as_ref()).into_string().expect("text"))
    }

    #[test]
    fn an_image_is_told_where_it_is() {
        let (links, words) = made(&[interface("")], &[], &[]);
        assert_eq!(links, [""]);
        assert_eq!(words, "--ipv4 10.0.2.15/24 --ipv4-gateway 10.0.2.2 --nameserver 10.0.2.3");
        let (_, words) = made(&[interface("")], &["--nameserver", "1.1.1.1"], &[]);
        assert_eq!(words, "--ipv4 10.0.2.15/24 --ipv4-gateway 10.0.2.2");
    }

    #[test]
    fn an_image_that_asks_for_its_address_is_told_none() {
        let dhcp = Interface { ipv4: None, gateway: None, ..interface("") };
        assert_eq!(made(&[dhcp], &[], &[]), (vec![String::new()], String::new()));
    }

    #[test]
    fn ports_are_the_first_interfaces_and_networks_are_apart() {
        let (links, words) =
            made(&[interface("a-"), interface("b-")], &[], &["8080-8081:80-81", "0.0.0.0:5353:53/udp"]);
        assert_eq!(
            links,
            [
                ",hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=tcp:127.0.0.1:8081-:81,hostfwd=udp:0.0.0.0:5353-:53",
                ",net=10.0.3.0/24,host=10.0.3.2,dns=10.0.3.3,dhcpstart=10.0.3.15",
            ]
        );
        assert_eq!(
            words,
            "--a-ipv4 10.0.2.15/24 --a-ipv4-gateway 10.0.2.2 --a-nameserver 10.0.2.3 \
             --b-ipv4 10.0.3.15/24 --b-ipv4-gateway 10.0.3.2 --b-nameserver 10.0.3.3"
        );
    }

    #[test]
    fn the_network_is_around_an_address_that_was_given() {
        let (links, words) = made(&[interface("")], &["--ipv4=192.168.7.2/24", "--ipv4-gateway", "192.168.7.9"], &[]);
        assert_eq!(links, [",net=192.168.7.0/24,host=192.168.7.9,dns=192.168.7.1,dhcpstart=192.168.7.2"]);
        assert_eq!(words, "");
        let (links, _) = made(&[interface("")], &["--ipv4=192.168.7.1/29"], &[]);
        assert_eq!(links, [",net=192.168.7.0/29,host=192.168.7.2,dns=192.168.7.3,dhcpstart=192.168.7.1"]);
        let small = user(&[interface("")], &["--ipv4=10.0.0.1/30".into()], &[]).expect_err("no room");
        assert!(small.message.contains("10.0.0.1/30") && small.exit == Exit::Usage, "{small:?}");
    }
}
