//! What may be said of a virtual machine.

use std::fmt;
use std::str::FromStr;

use super::memory::Memory;
use super::monitor::Monitor;
use crate::run::publish::Publish;

/// How a virtual machine is made; what is not said is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Who runs it; else the first that is installed.
    pub monitor: Option<Monitor>,
    /// Which of QEMU's machines it is; else microvm.
    pub board: Option<Board>,
    /// Who executes its instructions; else whoever can.
    pub accel: Option<Accel>,
    /// How much memory it has; else [`Memory::DEFAULT`].
    pub memory: Option<Memory>,
    /// What its interfaces are connected to; else what takes no rights.
    pub network: Option<Attachment>,
    /// What its console is; else a serial port.
    pub console: Option<ConsoleKind>,
    /// The ports of this host that are its.
    pub publish: Vec<Publish>,
    /// The port on which it waits for gdb before its first instruction.
    pub gdb: Option<u16>,
}

impl Options {
    /// The first option that was given, as it is called on the command line.
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            ("--monitor", self.monitor.is_some()),
            ("--machine", self.board.is_some()),
            ("--accel", self.accel.is_some()),
            ("--memory", self.memory.is_some()),
            ("--network", self.network.is_some()),
            ("--console", self.console.is_some()),
            ("--publish", !self.publish.is_empty()),
            ("--gdb", self.gdb.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(option, _)| option)
    }
}

/// What a machine's console is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ConsoleKind {
    /// A serial port, which every image writes to and reads
    #[default]
    Serial,
    /// A console of virtio's, for images that have `virtio_console()`; what others say is shown too
    Virtio,
}

/// Who executes a machine's instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Accel {
    /// KVM where it can, QEMU's emulator elsewhere
    #[default]
    Auto,
    /// The processor, by Linux's KVM
    Kvm,
    /// QEMU's emulator, on any machine
    Tcg,
}

/// One of QEMU's machines: `microvm`, `q35` or `pc`, and what QEMU is told of it besides: `microvm,acpi=off`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// Which one.
    pub kind: BoardKind,
    /// Properties, each with a comma before it; may be empty.
    pub properties: String,
}

/// The machines of QEMU's that images run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoardKind {
    /// The smallest: virtio over MMIO, no PCI.
    Microvm,
    /// A PC of 2009, with PCI Express.
    Q35,
    /// A PC of 1996, with PCI.
    Pc,
}

impl Board {
    /// The one that is taken when nobody chooses.
    pub const DEFAULT: Self = Self { kind: BoardKind::Microvm, properties: String::new() };
}

impl BoardKind {
    const ALL: [(Self, &'static str); 3] = [(Self::Microvm, "microvm"), (Self::Q35, "q35"), (Self::Pc, "pc")];

    /// What its virtio devices are on: the end of their names.
    pub fn bus(self) -> &'static str {
        match self {
            Self::Microvm => "device",
            Self::Q35 | Self::Pc => "pci",
        }
    }
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = BoardKind::ALL.iter().find(|(kind, _)| *kind == self.kind).map_or("", |(_, name)| name);
        write!(f, "{name}{}", self.properties)
    }
}

impl FromStr for Board {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, properties) = text.split_at(text.find(',').unwrap_or(text.len()));
        let kind = BoardKind::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind);
        let kind = kind.ok_or("`microvm`, `q35` or `pc` is wanted, with QEMU's properties after a comma if any")?;
        let well_formed = |property: &str| property.split_once('=').is_some_and(|(name, _)| !name.is_empty());
        match properties.split(',').skip(1).find(|property| !well_formed(property)) {
            Some(property) => Err(format!("`{property}` is not a property and its value, such as `acpi=off`")),
            None => Ok(Self { kind, properties: properties.to_owned() }),
        }
    }
}

/// What a machine's network interfaces are connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// A network within QEMU, which reaches others as any program of this user does.
    User,
    /// Tap devices: these, then new ones.
    Tap(Vec<String>),
}

impl FromStr for Attachment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        // The names that Linux gives network devices.
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let is_name = |name: &&str| (1..16).contains(&name.len()) && name.chars().all(letters);
        match (text, text.strip_prefix("tap:")) {
            ("user", _) => Ok(Self::User),
            ("tap", _) => Ok(Self::Tap(vec![])),
            (_, Some(names)) if names.split(',').all(|name| is_name(&name)) => {
                Ok(Self::Tap(names.split(',').map(str::to_owned).collect()))
            }
            _ => Err("`user`, `tap`, or `tap:` and the name of a tap device of yours is wanted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_read_with_what_qemu_is_told_of_them() {
        for right in ["microvm", "q35", "pc", "microvm,acpi=off", "microvm,acpi=off,rtc=on"] {
            assert_eq!(right.parse::<Board>().expect(right).to_string(), right);
        }
        for wrong in ["", "isapc", "Microvm", "microvm,", "microvm,acpi", "microvm,=off"] {
            assert!(wrong.parse::<Board>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn attachments_are_read() {
        assert_eq!("user".parse(), Ok(Attachment::User));
        assert_eq!("tap".parse(), Ok(Attachment::Tap(vec![])));
        assert_eq!("tap:lan0,wan-1".parse(), Ok(Attachment::Tap(vec!["lan0".into(), "wan-1".into()])));
        for wrong in ["", "bridge", "tap:", "tap:a,", "tap:../x", "tap:abcdefghijklmnop", "user:a"] {
            assert!(wrong.parse::<Attachment>().is_err(), "{wrong}");
        }
    }
}
