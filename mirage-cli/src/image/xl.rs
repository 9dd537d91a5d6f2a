//! A domain as `xl create` reads it (xl.cfg(5)).

use std::fmt;

use crate::plan::Plan;
use crate::run::machine::{EXIT_BY_CONSOLE, Memory};
use crate::run::network::cards;

/// A domain that an image runs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// What it is called.
    pub name: String,
    /// The image; a name without a folder is looked for where `xl` is called.
    pub kernel: String,
    /// Its memory.
    pub memory: Memory,
    /// Its network cards, in the image's order.
    pub cards: Vec<Card>,
    /// The unikernel's arguments.
    pub arguments: Vec<String>,
    /// Whether it says its exit status on its console, where somebody reads it.
    pub says_status: bool,
}

/// A network card; what is not said is for Xen to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// Its hardware address; else one of Xen's own, another one each time.
    pub mac: Option<String>,
    /// The bridge of the host that it is on; else `xenbr0`.
    pub bridge: Option<String>,
}

impl Domain {
    /// The domain of an image of this plan, with nothing said that can be left open.
    pub fn of(plan: &Plan, kernel: &str) -> Self {
        Self {
            name: plan.name.clone(),
            kernel: kernel.to_owned(),
            memory: Memory::DEFAULT,
            cards: vec![Card::default(); cards(plan).len()],
            arguments: vec![],
            says_status: false,
        }
    }

    /// The file as it is beside an image, with what a person who opens it wants to know.
    pub fn page(&self) -> String {
        let Self { name, .. } = self;
        format!(
            "# Starts `{name}` on Xen, from the folder this file is in: xl create -c {name}.xl\n\
             # Arguments of the unikernel follow two dashes: cmdline = \"-- --help\"\n\
             # A network card is on the bridge xenbr0, unless it says another one: vif = [ \"bridge=br0\" ]\n{self}"
        )
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kernel, memory, cards, arguments, says_status } = self;
        writeln!(f, "name = {}", quoted(name))?;
        writeln!(f, "type = \"pvh\"")?;
        writeln!(f, "kernel = {}", quoted(kernel))?;
        // Without it all words are the unikernel's.
        let separator = (*says_status || !arguments.is_empty()).then_some("--");
        let words = says_status.then_some(EXIT_BY_CONSOLE).into_iter().chain(separator);
        let line = mirage::args::join(words.chain(arguments.iter().map(String::as_str)));
        if !line.is_empty() {
            writeln!(f, "cmdline = {}", quoted(&line))?;
        }
        writeln!(f, "memory = {}", memory.mebibytes())?;
        writeln!(f, "vcpus = 1")?;
        if !cards.is_empty() {
            let cards: Vec<String> = cards.iter().map(|card| quoted(&card.to_string())).collect();
            writeln!(f, "vif = [ {} ]", cards.join(", "))?;
        }
        // Else every look at the clock is one of Xen's.
        writeln!(f, "tsc_mode = \"native\"")?;
        // Whoever reads the status waits for one end.
        let reboot = if *says_status { "destroy" } else { "restart" };
        writeln!(f, "on_poweroff = \"destroy\"\non_reboot = \"{reboot}\"\non_crash = \"destroy\"")
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [("mac", &self.mac), ("bridge", &self.bridge)];
        let parts = parts.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_deref()?)));
        f.write_str(&parts.collect::<Vec<_>>().join(","))
    }
}

/// Text in quotes as xl's parser takes them off again: a backslash before what would be read otherwise.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_ascii_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_page() {
        let domain = Domain {
            name: "hello".into(),
            kernel: "hello.xen".into(),
            memory: Memory::DEFAULT,
            cards: vec![Card::default(), Card { mac: Some("00:16:3e:00:00:02".into()), bridge: Some("br1".into()) }],
            arguments: ["--greeting", "good \"day\"", "--ipv4=10.0.0.2/24"].map(str::to_owned).to_vec(),
            says_status: false,
        };
        assert_eq!(
            domain.page(),
            r#"# Starts `hello` on Xen, from the folder this file is in: xl create -c hello.xl
# Arguments of the unikernel follow two dashes: cmdline = "-- --help"
# A network card is on the bridge xenbr0, unless it says another one: vif = [ "bridge=br0" ]
name = "hello"
type = "pvh"
kernel = "hello.xen"
cmdline = "-- --greeting \"good \\\"day\\\"\" --ipv4=10.0.0.2/24"
memory = 32
vcpus = 1
vif = [ "", "mac=00:16:3e:00:00:02,bridge=br1" ]
tsc_mode = "native"
on_poweroff = "destroy"
on_reboot = "restart"
on_crash = "destroy"
"#
        );
        let says = Domain { says_status: true, arguments: vec!["a b".into()], ..domain.clone() };
        assert!(says.to_string().contains("cmdline = \"mirage.exit=console -- \\\"a b\\\"\"\n"), "{says}");
        assert!(says.to_string().contains("on_reboot = \"destroy\"\n"), "{says}");
        let none = Domain { cards: vec![], arguments: vec![], ..domain };
        assert!(!none.to_string().contains("vif") && !none.to_string().contains("cmdline"));
    }

    #[test]
    fn quotes_hold_what_is_in_them() {
        for (text, expected) in [
            ("", r#""""#),
            ("it's", r#""it's""#),
            (r#"a "b" \c"#, r#""a \"b\" \\c""#),
            ("a\nb\tc\u{1}", r#""a\nb\tc\x01""#),
            ("grüße", "\"grüße\""),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
