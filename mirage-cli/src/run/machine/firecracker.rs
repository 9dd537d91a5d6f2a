//! Firecracker's command line and the file it reads, as its `docs/getting-started.md` and its API's description have them.

use camino::Utf8Path;
use serde_json::{Value, json};

use super::guest::{EXIT_BY_CONSOLE, Guest, Link};
use super::monitor::Monitor;
use crate::error::{Error, Exit};

/// The longest command line that Firecracker hands to a kernel, its end included.
const LONGEST: usize = 2048;

/// Where Firecracker is to listen for us, and where its own words go: they would be on the console else, the first of them
/// before it has read its file.
#[derive(Clone, Copy)]
pub struct Ours<'p> {
    /// The socket.
    pub control: &'p Utf8Path,
    /// The file.
    pub log: &'p Utf8Path,
}

/// The command that runs the machine a file describes.
pub fn command(file: &Utf8Path, ours: Option<Ours<'_>>) -> Vec<String> {
    let ours = match &ours {
        Some(Ours { control, log }) => {
            &["--api-sock", control.as_str(), "--log-path", log.as_str(), "--level", "Error"][..]
        }
        None => &["--no-api"],
    };
    let words = [&[Monitor::Firecracker.program()][..], ours, &["--config-file", file.as_str()]].concat();
    words.into_iter().map(str::to_owned).collect()
}

/// What the file says of a machine.
///
/// # Errors
/// [`Exit::Usage`] when the unikernel's arguments are too long.
pub fn config(guest: &Guest) -> Result<Value, Error> {
    let line = guest.command_line(&[EXIT_BY_CONSOLE]);
    if line.len() >= LONGEST {
        return Err(Error::new(
            Exit::Usage,
            format!("the unikernel's arguments are {} bytes, and Firecracker hands on {LONGEST} at most", line.len()),
        )
        .hint("`--monitor qemu` has no such limit"));
    }
    let cards = guest.cards.iter().enumerate().filter_map(|(index, card)| match &card.link {
        Link::Tap(name) => Some(json!({
            "iface_id": format!("net{index}"),
            "guest_mac": Guest::mac(index),
            "host_dev_name": name,
        })),
        Link::User(_) => None,
    });
    Ok(json!({
        "boot-source": { "kernel_image_path": guest.image, "boot_args": line },
        "machine-config": { "vcpu_count": 1, "mem_size_mib": guest.memory.mebibytes() },
        "drives": [],
        "network-interfaces": cards.collect::<Vec<_>>(),
        "entropy": {},
    }))
}

#[cfg(test)]
mod tests {
    use super::super::guest::tests::example;
    use super::*;

    #[test]
    fn the_whole_file() {
        let guest = example(Link::Tap("mirage0".into()));
        let expected = json!({
            "boot-source": {
                "kernel_image_path": "/p/dist/hello.kvm",
                "boot_args": r#"mirage.exit=console -- --greeting "good day" --ipv4=10.0.0.2/24"#,
            },
            "machine-config": { "vcpu_count": 1, "mem_size_mib": 32 },
            "drives": [],
            "network-interfaces": [
                { "iface_id": "net0", "guest_mac": "52:54:00:12:34:56", "host_dev_name": "mirage0" },
            ],
            "entropy": {},
        });
        assert_eq!(config(&guest), Ok(expected));
    }

    #[test]
    fn the_whole_command() {
        let file = Utf8Path::new("/t/machine.json");
        assert_eq!(command(file, None), ["firecracker", "--no-api", "--config-file", "/t/machine.json"]);
        let ours = Ours { control: Utf8Path::new("/t/control"), log: Utf8Path::new("/t/log") };
        let words = ["--api-sock", "/t/control", "--log-path", "/t/log", "--level", "Error"];
        assert_eq!(command(file, Some(ours))[1..7], words);
    }

    #[test]
    fn a_command_line_that_would_be_cut_is_refused() {
        let guest = Guest { arguments: vec!["x".repeat(LONGEST)], ..example(Link::Tap("mirage0".into())) };
        assert_eq!(config(&guest).expect_err("too long").exit, Exit::Usage);
    }
}
