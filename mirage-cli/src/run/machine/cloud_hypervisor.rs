//! Cloud Hypervisor's command line, as its `docs/` describe it.

use camino::Utf8Path;

use super::guest::{EXIT_BY_CONSOLE, Guest, Link};
use super::monitor::Monitor;
use super::options::ConsoleKind;

/// The command that runs a machine; `control` is the socket on which the monitor is to listen for us.
pub fn command(guest: &Guest, control: Option<&Utf8Path>) -> Vec<String> {
    let mut words = vec![Monitor::CloudHypervisor.program().to_owned()];
    let mut add = |option: &str, value: &str| words.extend([option, value].map(str::to_owned));
    add("--kernel", guest.image.as_str());
    add("--cmdline", &guest.command_line(&[EXIT_BY_CONSOLE]));
    add("--cpus", "boot=1");
    add("--memory", &format!("size={}", guest.memory));
    // What an image says before it has its other console is shown too.
    let (serial, console) = match guest.console {
        ConsoleKind::Serial => ("tty", "off"),
        ConsoleKind::Virtio => ("file=/dev/stdout", "tty"),
    };
    add("--serial", serial);
    add("--console", console);
    add("--rng", "src=/dev/urandom");
    if let Some(socket) = control {
        add("--api-socket", &format!("path={socket}"));
    }
    let cards = guest.cards.iter().enumerate().filter_map(|(index, card)| match &card.link {
        Link::Tap(name) => Some(format!("tap={name},mac={}", Guest::mac(index))),
        Link::User(_) => None,
    });
    // All of them follow the one option.
    let cards: Vec<String> = cards.collect();
    if !cards.is_empty() {
        words.push("--net".to_owned());
        words.extend(cards);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::guest::Card;
    use super::super::guest::tests::example;
    use super::*;

    #[test]
    fn the_whole_command() {
        let guest = example(Link::Tap("mirage0".into()));
        let second = Card { link: Link::Tap("mirage1".into()), pcap: None };
        let guest = Guest { cards: [guest.cards.clone(), vec![second]].concat(), ..guest };
        assert_eq!(
            command(&guest, Some(Utf8Path::new("/t/control"))),
            [
                "cloud-hypervisor",
                "--kernel",
                "/p/dist/hello.kvm",
                "--cmdline",
                r#"mirage.exit=console -- --greeting "good day" --ipv4=10.0.0.2/24"#,
                "--cpus",
                "boot=1",
                "--memory",
                "size=32M",
                "--serial",
                "tty",
                "--console",
                "off",
                "--rng",
                "src=/dev/urandom",
                "--api-socket",
                "path=/t/control",
                "--net",
                "tap=mirage0,mac=52:54:00:12:34:56",
                "tap=mirage1,mac=52:54:00:12:34:57",
            ]
        );
        let virtio = command(&Guest { console: ConsoleKind::Virtio, ..guest }, None);
        assert_eq!(virtio[9..13], ["--serial", "file=/dev/stdout", "--console", "tty"]);
    }
}
