//! What may be said of how an image is started.

use std::path::PathBuf;

use clap::Args;

use crate::run::machine::{self, Accel, Attachment, Board, ConsoleKind, Memory, Monitor};
use crate::run::xen::Lab;
use crate::run::{self, Publish, Subnet};

/// The port on which QEMU waits for gdb when nobody says another.
const GDB: &str = "1234";

/// What the network interfaces of a unikernel are connected to, where it has its own.
#[derive(Clone, Debug, Default, Args)]
pub struct Network {
    /// Run in this network namespace, made for it if it is not there
    #[arg(long, value_name = "NAME", value_parser = namespace)]
    netns: Option<String>,
    /// This host's address on the tap device made for it [default: 10.0.0.1/24, or the next network that is free]
    #[arg(long, value_name = "ADDRESS")]
    tap_address: Option<Subnet>,
    /// Record what its network interface sees, for tcpdump and Wireshark
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
}

/// The virtual machine that an image runs in, where it is one for that.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of virtual machines")]
pub struct Machine {
    /// Who runs the machine [default: the first that is installed]
    #[arg(long, value_name = "MONITOR")]
    monitor: Option<Monitor>,
    /// Which of QEMU's machines it is: microvm, q35 or pc, and QEMU's properties after a comma [default: microvm]
    #[arg(long, value_name = "MACHINE")]
    machine: Option<Board>,
    /// Who executes its instructions [default: auto]
    #[arg(long, value_name = "ACCEL")]
    accel: Option<Accel>,
    /// How much memory it has, such as 16M or 1G [default: 32M]
    #[arg(long, value_name = "SIZE")]
    memory: Option<Memory>,
    /// What its network interfaces are connected to: `user` is a network within QEMU and takes no rights, `tap` is tap
    /// devices made for it, `tap:NAME` is one of yours [default: user, where the monitor has it]
    #[arg(long, value_name = "NETWORK")]
    network: Option<Attachment>,
    /// What its console is [default: serial]
    #[arg(long, value_name = "CONSOLE")]
    console: Option<ConsoleKind>,
    /// Have a port of this host (or several, as 8000-8009) lead to the unikernel's; may be given several times. Only this
    /// host is let in, unless another ADDRESS of it is given, or 0.0.0.0 for all
    #[arg(short, long, value_name = "[ADDRESS:]PORT:PORT[/udp]")]
    publish: Vec<Publish>,
    /// Stop before the first instruction, and wait for gdb on this port [default port: 1234]
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = GDB,
          value_parser = clap::value_parser!(u16).range(1..))]
    gdb: Option<u16>,
    /// With `-t xen`: boot a real Xen in QEMU for it, which takes no Xen here and no rights; FOLDER is one that was made
    /// elsewhere [default: one that is made of Debian's packages, once]
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    lab: Option<Lab>,
}

/// How an image is started.
pub fn options(network: Network, machine: Machine) -> run::Options {
    let Network { netns, tap_address, pcap } = network;
    let Machine { monitor, machine: board, accel, memory, network, console, publish, gdb, lab } = machine;
    let machine = machine::Options { monitor, board, accel, memory, network, console, publish, gdb };
    run::Options { netns, tap_address, pcap, machine, lab }
}

/// The name of a network namespace, which is a file's.
fn namespace(text: &str) -> Result<String, String> {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.starts_with(first) && text.chars().all(letters) && text.len() <= 255 {
        Ok(text.to_owned())
    } else {
        Err("letters, digits, `.`, `-` and `_` are wanted, a letter or digit first".to_owned())
    }
}
