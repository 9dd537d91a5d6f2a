//! What was said of a machine, checked and completed.

use std::ffi::OsString;

use object::{Object as _, ObjectSegment as _};

use super::accelerator::{self, Accelerator, Host as Kvm};
use super::guest::{Card, Guest, Link};
use super::memory::Memory;
use super::monitor::{Monitor, installed};
use super::network::user;
use super::options::{Accel, Attachment, Board, ConsoleKind};
use crate::error::{Error, Exit};
use crate::image::Image;
use crate::plan::Plan;
use crate::run::network::{Host, Interface, Setup, cards, numbered, setup};
use crate::run::publish::distinct;
use crate::run::start::Options;

/// What a machine will be, but for what only the host knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Who runs it.
    pub monitor: Monitor,
    /// Its network interfaces.
    pub interfaces: Vec<Interface>,
    /// What they are connected to.
    pub attachment: Attachment,
    /// Who executes its instructions.
    pub accelerator: Accelerator,
    /// A word about that.
    pub word: Option<String>,
}

/// Checks what was said.
///
/// # Errors
/// [`Exit::Usage`] when options do not go together; [`Exit::Unavailable`] when what is asked for is not here.
pub fn prepare(plan: &Plan, arguments: &[OsString], options: &Options) -> Result<Prepared, Error> {
    let machine = &options.machine;
    let monitor = Monitor::choose(machine.monitor, installed)?;
    if monitor != Monitor::Qemu {
        only_qemu(monitor, options)?;
    }
    let all = cards(plan);
    needs_interfaces(plan, &all, options)?;
    let attachment = attachment(monitor, options)?;
    if let Attachment::Tap(names) = &attachment
        && names.len() > all.len()
    {
        let message = format!("`{}` has {} network interfaces, fewer than `--network` names", plan.name, all.len());
        return Err(Error::new(Exit::Usage, message));
    }
    distinct(&machine.publish)?;
    let (accelerator, word) = match monitor {
        Monitor::Qemu => accelerator::choose(machine.accel.unwrap_or_default(), Kvm::look())?,
        _ => accelerator::choose(Accel::Kvm, Kvm::look())?,
    };
    // A unikernel that only says which arguments it takes comes to use none.
    let asks_for_help = arguments.iter().any(|word| word == "--help");
    let interfaces = if asks_for_help { vec![] } else { all };
    Ok(Prepared { monitor, interfaces, attachment, accelerator, word })
}

/// Refuses what QEMU has and this one has not.
fn only_qemu(monitor: Monitor, options: &Options) -> Result<(), Error> {
    let machine = &options.machine;
    let no_console = monitor == Monitor::Firecracker && machine.console == Some(ConsoleKind::Virtio);
    let given = [
        ("--console virtio", no_console),
        ("--machine", machine.board.is_some()),
        ("--accel tcg", machine.accel == Some(Accel::Tcg)),
        ("--network user", machine.network == Some(Attachment::User)),
        ("--publish", !machine.publish.is_empty()),
        ("--pcap", options.pcap.is_some()),
        ("--gdb", machine.gdb.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((option, _)) => {
            let error = Error::new(Exit::Usage, format!("`{option}` is not for `{}`", monitor.program()));
            Err(error.hint("`--monitor qemu` takes it"))
        }
        None => Ok(()),
    }
}

/// Refuses what is for network interfaces where there are none.
pub fn needs_interfaces(plan: &Plan, all: &[Interface], options: &Options) -> Result<(), Error> {
    let given = [
        ("--netns", options.netns.is_some()),
        ("--tap-address", options.tap_address.is_some()),
        ("--pcap", options.pcap.is_some()),
        ("--network", options.machine.network.is_some()),
        ("--publish", !options.machine.publish.is_empty()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((option, _)) if all.is_empty() => Err(Error::new(
            Exit::Usage,
            format!("`{option}` is for network interfaces, and `{}` has none as it is configured", plan.name),
        )
        .hint("`generic_stack(default_network())` in config.rs gives it one")),
        _ => Ok(()),
    }
}

/// What the interfaces are connected to: what takes no rights, unless something was said that is for tap devices.
fn attachment(monitor: Monitor, options: &Options) -> Result<Attachment, Error> {
    let for_taps = [("--netns", options.netns.is_some()), ("--tap-address", options.tap_address.is_some())];
    let for_taps = for_taps.into_iter().find(|(_, given)| *given).map(|(option, _)| option);
    let publish = !options.machine.publish.is_empty();
    match (&options.machine.network, for_taps) {
        (Some(Attachment::User), Some(option)) => {
            Err(Error::new(Exit::Usage, format!("`{option}` is for tap devices")).hint("`--network tap` makes them"))
        }
        (Some(Attachment::Tap(_)), _) | (None, Some(_)) if publish => {
            Err(Error::new(Exit::Usage, "`--publish` is for `--network user`")
                .hint("on a tap device all ports of the unikernel can be reached, at its own address"))
        }
        (Some(chosen), _) => Ok(chosen.clone()),
        (None, None) if monitor == Monitor::Qemu => Ok(Attachment::User),
        (None, _) => Ok(Attachment::Tap(vec![])),
    }
}

impl Prepared {
    /// Whether this host is looked at, and changed, for the machine.
    pub fn makes_taps(&self) -> bool {
        matches!(&self.attachment, Attachment::Tap(own) if self.interfaces.len() > own.len())
    }

    /// What is done on this host for the machine.
    ///
    /// # Errors
    /// [`Exit::Unavailable`] when there is no room for another network.
    pub fn setup(&self, arguments: &[OsString], options: &Options, host: &Host) -> Result<Setup, Error> {
        match &self.attachment {
            Attachment::User => Ok(Setup::default()),
            Attachment::Tap(own) => {
                setup(self.interfaces.get(own.len()..).unwrap_or_default(), arguments, options, host)
            }
        }
    }

    /// The machine, on a host that was set up.
    ///
    /// # Errors
    /// [`Exit::Usage`] when the unikernel cannot be told its arguments, or has too little memory.
    pub fn guest(
        &self,
        image: &Image,
        arguments: &[OsString],
        options: &Options,
        setup: &Setup,
    ) -> Result<Guest, Error> {
        let machine = &options.machine;
        let (links, words) = match &self.attachment {
            Attachment::User => user(&self.interfaces, arguments, &machine.publish)?,
            Attachment::Tap(own) => {
                let made = setup.made.iter().map(|(name, ..)| name);
                let names = own.iter().chain(made).take(self.interfaces.len());
                (names.cloned().map(Link::Tap).collect(), setup.words.clone())
            }
        };
        let pcap = |index| match &options.pcap {
            Some(file) => text(&numbered(file, index), "a file's name").map(Some),
            None => Ok(None),
        };
        let cards = links.into_iter().enumerate().map(|(index, link)| Ok(Card { link, pcap: pcap(index)? }));
        let words = words.iter().chain(arguments).map(|word| text(word, "an argument of the unikernel"));
        Ok(Guest {
            image: image.file.clone(),
            arguments: words.collect::<Result<_, Error>>()?,
            board: machine.board.clone().unwrap_or(Board::DEFAULT),
            accelerator: self.accelerator,
            memory: memory(image, machine.memory)?,
            cards: cards.collect::<Result<_, Error>>()?,
            console: machine.console.unwrap_or_default(),
            gdb: machine.gdb,
        })
    }
}

/// Words as a machine's are: text.
pub fn text(word: &OsString, what: &str) -> Result<String, Error> {
    word.to_str().map(str::to_owned).ok_or_else(|| {
        let message = format!("{what} is not UTF-8, and a virtual machine's must be: {}", word.to_string_lossy());
        Error::new(Exit::Usage, message)
    })
}

/// The memory asked for, if the image is there and fits in.
pub fn memory(image: &Image, asked: Option<Memory>) -> Result<Memory, Error> {
    let memory = asked.unwrap_or(Memory::DEFAULT);
    let end = std::fs::read(&image.file).ok().and_then(|bytes| end(&bytes)).unwrap_or_default();
    if end <= memory.bytes() {
        return Ok(memory);
    }
    let least = Memory::holding(end);
    Err(Error::new(Exit::Usage, format!("`{memory}` of memory are too little: the image alone ends at {least}"))
        .hint(format!("`--memory {}`", Memory::holding(end.saturating_mul(2)))))
}

/// Where the last segment of an executable ends in memory.
fn end(bytes: &[u8]) -> Option<u64> {
    let file = object::File::parse(bytes).ok()?;
    file.segments().map(|segment| segment.address().saturating_add(segment.size())).max()
}
