//! What was said of a domain, checked and completed.

use std::ffi::OsString;

use crate::error::{Error, Exit};
use crate::image::Image;
use crate::plan::Plan;
use crate::run::machine::{Link, Memory, memory, needs_interfaces, text, user};
use crate::run::network::cards;
use crate::run::publish::distinct;
use crate::run::start::Options;

/// What a domain will be, wherever it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The unikernel's arguments; in the lab those are among them that say where it is.
    pub arguments: Vec<String>,
    /// Its memory.
    pub memory: Memory,
    /// The properties of a network of QEMU's for every card of its, in the lab.
    pub networks: Vec<String>,
}

/// Checks what was said.
///
/// # Errors
/// [`Exit::Usage`] when options do not go together, the unikernel cannot be told its arguments, or has too little memory;
/// [`Exit::Unavailable`] when the image is not there.
pub fn prepare(plan: &Plan, image: &Image, arguments: &[OsString], options: &Options) -> Result<Prepared, Error> {
    let machine = &options.machine;
    let lab = options.lab.is_some();
    let others = [
        ("--monitor", machine.monitor.is_some()),
        ("--machine", machine.board.is_some()),
        ("--accel", machine.accel.is_some()),
        ("--network", machine.network.is_some()),
        ("--gdb", machine.gdb.is_some()),
        ("--netns", options.netns.is_some()),
        ("--tap-address", options.tap_address.is_some()),
    ];
    if let Some((option, _)) = others.into_iter().find(|(_, given)| *given) {
        return Err(Error::new(Exit::Usage, format!("`{option}` is not for a domain of Xen's")));
    }
    let labs = [("--publish", !machine.publish.is_empty()), ("--pcap", options.pcap.is_some())];
    if let Some((option, _)) = labs.into_iter().find(|(_, given)| *given && !lab) {
        return Err(Error::new(Exit::Usage, format!("`{option}` is for the lab"))
            .hint("on a Xen host the unikernel is reached at its own address, on the bridge that its card is on")
            .hint("`--lab` boots it on Xen in QEMU"));
    }
    let all = cards(plan);
    needs_interfaces(plan, &all, options)?;
    distinct(&machine.publish)?;
    let (links, words) = if lab { user(&all, arguments, &machine.publish)? } else { (vec![], vec![]) };
    let property = |link| match link {
        Link::User(properties) => Some(properties),
        Link::Tap(_) => None,
    };
    let words = words.iter().chain(arguments).map(|word| text(word, "an argument of the unikernel"));
    Ok(Prepared {
        arguments: words.collect::<Result<_, Error>>()?,
        memory: memory(image, machine.memory)?,
        networks: links.into_iter().filter_map(property).collect(),
    })
}
