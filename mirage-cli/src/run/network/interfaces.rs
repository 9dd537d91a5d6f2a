//! The network interfaces an image wants from its host, and the arguments by which it is told of them.
//!
//! An interface is known by what it provides and takes, not by its name: a device that provides a `Network` and takes
//! an argument `--interface`; in a virtual machine there are no names, and every such device is one. Its address is told to whatever is over it and takes `--ipv4`.

use std::ffi::{OsStr, OsString};

use crate::plan::{Device, Make, Plan};

/// An interface an image wants, as the names of its arguments, dashes and prefixes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Which interface it is: `--interface`; none where it has no name for the image.
    pub interface: Option<String>,
    /// Where what it sees is recorded: `--pcap`, if it can be.
    pub pcap: Option<String>,
    /// Which address it has: `--ipv4`, if it is told at boot.
    pub ipv4: Option<String>,
    /// Who is asked for everybody else: `--ipv4-gateway`.
    pub gateway: Option<String>,
    /// Who is asked for names: `--nameserver`.
    pub nameserver: Option<String>,
}

/// The interfaces that an image of this plan opens by their names.
pub fn wanted(plan: &Plan) -> Vec<Interface> {
    let named = networks(plan).filter_map(|(index, device)| {
        let interface = argument(device, "interface")?;
        Some(Interface { interface: Some(interface), pcap: argument(device, "pcap"), ..above(plan, index) })
    });
    named.collect()
}

/// The interfaces that an image of this plan finds in its machine: in this order, which is all it knows them by.
pub fn cards(plan: &Plan) -> Vec<Interface> {
    let lowest = |device: &Device| matches!(&device.make, Make::Connect { over, .. } if over.is_empty());
    networks(plan).filter(|(_, device)| lowest(device)).map(|(index, _)| above(plan, index)).collect()
}

fn networks(plan: &Plan) -> impl Iterator<Item = (usize, &Device)> {
    plan.devices.iter().enumerate().filter(|(_, device)| device.kind == "Network")
}

/// What is told to those over an interface.
fn above(plan: &Plan, index: usize) -> Interface {
    let above = |name| plan.devices.iter().find_map(|above| argument(above, name).filter(|_| over(plan, above, index)));
    let (ipv4, gateway, nameserver) = (above("ipv4"), above("ipv4-gateway"), above("nameserver"));
    Interface { interface: None, pcap: None, ipv4, gateway, nameserver }
}

/// An argument of a device as it is given on the command line, if it takes it.
fn argument(device: &Device, name: &str) -> Option<String> {
    let Make::Connect { arguments: Some(arguments), .. } = &device.make else { return None };
    arguments.list.iter().find(|argument| argument.name == name)?;
    Some(if arguments.prefix.is_empty() { format!("--{name}") } else { format!("--{}-{name}", arguments.prefix) })
}

/// Whether a device is applied to another one, directly or not.
fn over(plan: &Plan, device: &Device, below: usize) -> bool {
    let Make::Connect { over: direct, .. } = &device.make else { return false };
    direct.iter().any(|&index| index == below || plan.devices.get(index).is_some_and(|next| over(plan, next, below)))
}

/// The value of an argument among those given to a unikernel: `--name VALUE` or `--name=VALUE`.
pub fn given<'a>(arguments: &'a [OsString], name: &str) -> Option<&'a OsStr> {
    arguments.iter().enumerate().find_map(|(index, word)| {
        if word == name {
            return Some(arguments.get(index + 1).map_or(OsStr::new(""), |value| value));
        }
        word.to_str()?.strip_prefix(name)?.strip_prefix('=').map(OsStr::new)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_found_in_both_of_their_forms() {
        let words = ["--ipv4", "10.0.0.2/24", "--interface=tap7", "--ipv4-gateway"].map(OsString::from);
        assert_eq!(given(&words, "--ipv4"), Some(OsStr::new("10.0.0.2/24")));
        assert_eq!(given(&words, "--interface"), Some(OsStr::new("tap7")));
        assert_eq!(given(&words, "--ipv4-gateway"), Some(OsStr::new("")), "which the unikernel will refuse");
        assert_eq!(given(&words, "--pcap"), None);
    }
}
