//! A virtual machine as every monitor is told of it.

use camino::Utf8PathBuf;

use super::accelerator::Accelerator;
use super::memory::Memory;
use super::options::{Board, ConsoleKind};

/// A virtual machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The image it boots.
    pub image: Utf8PathBuf,
    /// The unikernel's arguments.
    pub arguments: Vec<String>,
    /// Which of QEMU's machines it is.
    pub board: Board,
    /// Who executes its instructions.
    pub accelerator: Accelerator,
    /// Its memory.
    pub memory: Memory,
    /// Its network interfaces, in the image's order.
    pub cards: Vec<Card>,
    /// What its console is.
    pub console: ConsoleKind,
    /// The port on which it waits for gdb.
    pub gdb: Option<u16>,
}

/// A network interface of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// What it is connected to.
    pub link: Link,
    /// The file that what it sees is recorded into.
    pub pcap: Option<String>,
}

/// What a network interface is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// A network within QEMU, with these properties, a comma before each.
    User(String),
    /// A tap device of this host.
    Tap(String),
}

impl Guest {
    /// The kernel's command line: words for the machine, then the unikernel's arguments after `--`.
    pub fn command_line(&self, machine: &[&str]) -> String {
        // Also where no argument follows: without it the machine's words would be the unikernel's.
        let separator: &[&str] = if self.arguments.is_empty() && machine.is_empty() { &[] } else { &["--"] };
        let arguments = self.arguments.iter().map(String::as_str);
        mirage::args::join(machine.iter().chain(separator).copied().chain(arguments))
    }

    /// The hardware address of a network interface: the first is the one QEMU gives by itself.
    pub fn mac(index: usize) -> String {
        format!("52:54:00:12:34:{:02x}", 0x56_usize.wrapping_add(index) & 0xff)
    }
}

/// The word by which an image is told to say its exit status on the console, where the machine has no other way out.
pub const EXIT_BY_CONSOLE: &str = "mirage.exit=console";

#[cfg(test)]
pub mod tests {
    use super::*;

    /// One with a network interface, to make commands of.
    pub fn example(link: Link) -> Guest {
        Guest {
            image: "/p/dist/hello.kvm".into(),
            arguments: ["--greeting", "good day", "--ipv4=10.0.0.2/24"].map(str::to_owned).to_vec(),
            board: Board::DEFAULT,
            accelerator: Accelerator::Kvm,
            memory: Memory::DEFAULT,
            cards: vec![Card { link, pcap: None }],
            console: ConsoleKind::Serial,
            gdb: None,
        }
    }

    #[test]
    fn arguments_survive_the_command_line() {
        let guest = example(Link::Tap("tap0".into()));
        let line = guest.command_line(&["mirage.exit=console"]);
        assert_eq!(line, r#"mirage.exit=console -- --greeting "good day" --ipv4=10.0.0.2/24"#);
        let none = Guest { arguments: vec![], ..guest };
        assert_eq!(none.command_line(&[]), "");
    }
}
